package dev.supermachine.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;

/**
 * Direct mappings of libc functions, with their C names and types. Thread-safe: every function here is; {@code errno} comes back in the exception of the
 * call itself.
 */
final class Libc {

    /** {@code LOCK_SH} of sys/file.h. */
    static final int LOCK_SH = 1;

    /** {@code LOCK_EX} of sys/file.h. */
    static final int LOCK_EX = 2;

    /** {@code LOCK_NB} of sys/file.h. */
    static final int LOCK_NB = 4;

    /** {@code O_RDONLY} of fcntl.h. */
    static final int O_RDONLY = 0;

    /** {@code O_RDWR} of fcntl.h. */
    static final int O_RDWR = 2;

    /** {@code O_CREAT} of fcntl.h. */
    static final int O_CREAT = 0x40;

    /** {@code O_CLOEXEC} of fcntl.h. */
    static final int O_CLOEXEC = 0x80000;

    /** {@code SEEK_DATA} of unistd.h. */
    static final int SEEK_DATA = 3;

    /** {@code SEEK_HOLE} of unistd.h. */
    static final int SEEK_HOLE = 4;

    /** {@code AT_FDCWD} of fcntl.h. */
    static final int AT_FDCWD = -100;

    /** {@code AT_SYMLINK_NOFOLLOW} of fcntl.h. */
    static final int AT_SYMLINK_NOFOLLOW = 0x100;

    /** {@code STATX_BLOCKS} of linux/stat.h. */
    static final int STATX_BLOCKS = 0x400;

    /** {@code FALLOC_FL_KEEP_SIZE} of linux/falloc.h. */
    static final int FALLOC_FL_KEEP_SIZE = 1;

    /** {@code FALLOC_FL_PUNCH_HOLE} of linux/falloc.h. */
    static final int FALLOC_FL_PUNCH_HOLE = 2;

    /** {@code PROT_READ} of sys/mman.h. */
    static final int PROT_READ = 1;

    /** {@code PROT_WRITE} of sys/mman.h. */
    static final int PROT_WRITE = 2;

    /** {@code PROT_EXEC} of sys/mman.h. */
    static final int PROT_EXEC = 4;

    /** {@code MAP_PRIVATE} of sys/mman.h. */
    static final int MAP_PRIVATE = 2;

    /** {@code MAP_ANONYMOUS} of sys/mman.h. */
    static final int MAP_ANONYMOUS = 0x20;

    static {
        Native.register(Libc.class, "c");
    }

    private Libc() {}

    /** open(2). The mode is the variadic third argument, which x86-64 passes like a fixed one. */
    static native int open(String path, int flags, int mode) throws LastErrorException;

    /** close(2). */
    static native int close(int fd) throws LastErrorException;

    /** flock(2). */
    static native int flock(int fd, int operation) throws LastErrorException;

    /** lseek(2). */
    static native long lseek(int fd, long offset, int whence) throws LastErrorException;

    /** statx(2), since Linux 4.11 and glibc 2.28. */
    static native int statx(int directoryFd, String path, int flags, int mask, byte[] result) throws LastErrorException;

    /** fallocate(2). */
    static native int fallocate(int fd, int mode, long offset, long length) throws LastErrorException;

    /** mmap(2), with addresses as numbers. */
    static native long mmap(long address, long length, int protection, int flags, int fd, long offset)
            throws LastErrorException;

    /** mprotect(2). */
    static native int mprotect(long address, long length, int protection) throws LastErrorException;

    /** munmap(2). */
    static native int munmap(long address, long length) throws LastErrorException;
}
