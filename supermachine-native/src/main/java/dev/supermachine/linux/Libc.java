package dev.supermachine.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import org.jspecify.annotations.Nullable;

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

    /** {@code F_ADD_SEALS} of fcntl.h. */
    static final int F_ADD_SEALS = 1033;

    /** {@code F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE} of fcntl.h. */
    static final int F_SEAL_ALL = 15;

    /** {@code MFD_CLOEXEC} of sys/mman.h. */
    static final int MFD_CLOEXEC = 1;

    /** {@code MFD_ALLOW_SEALING} of sys/mman.h. */
    static final int MFD_ALLOW_SEALING = 2;

    /** {@code PROT_READ} of sys/mman.h. */
    static final int PROT_READ = 1;

    /** {@code PROT_WRITE} of sys/mman.h. */
    static final int PROT_WRITE = 2;

    /** {@code PROT_EXEC} of sys/mman.h. */
    static final int PROT_EXEC = 4;

    /** {@code MAP_SHARED} of sys/mman.h. */
    static final int MAP_SHARED = 1;

    /** {@code MAP_PRIVATE} of sys/mman.h. */
    static final int MAP_PRIVATE = 2;

    /** {@code MAP_ANONYMOUS} of sys/mman.h. */
    static final int MAP_ANONYMOUS = 0x20;

    /** {@code MAP_NORESERVE} of sys/mman.h. */
    static final int MAP_NORESERVE = 0x4000;

    /** {@code MADV_DONTNEED} of sys/mman.h. */
    static final int MADV_DONTNEED = 4;

    /** {@code MADV_DONTFORK} of sys/mman.h. */
    static final int MADV_DONTFORK = 10;

    /** {@code MADV_HUGEPAGE} of sys/mman.h. */
    static final int MADV_HUGEPAGE = 14;

    /** {@code MADV_DONTDUMP} of sys/mman.h. */
    static final int MADV_DONTDUMP = 16;

    /** {@code MADV_POPULATE_READ} of sys/mman.h, since Linux 5.14. */
    static final int MADV_POPULATE_READ = 22;

    /** {@code MADV_POPULATE_WRITE} of sys/mman.h, since Linux 5.14. */
    static final int MADV_POPULATE_WRITE = 23;

    /** {@code SIG_UNBLOCK} of signal.h. */
    static final int SIG_UNBLOCK = 1;

    /** {@code SYS_rt_sigprocmask} of asm/unistd_64.h. */
    static final long SYS_RT_SIGPROCMASK = 14;

    /** {@code SYS_gettid} of asm/unistd_64.h. */
    static final long SYS_GETTID = 186;

    /** {@code SYS_tgkill} of asm/unistd_64.h. */
    static final long SYS_TGKILL = 234;

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

    /** madvise(2). */
    static native int madvise(long address, long length, int advice) throws LastErrorException;

    /**
     * ioctl(2). The argument is variadic, which x86-64 passes like a fixed one. Throws nothing, for EINTR is no failure of some calls and exceptions are slow:
     * after -1 ask {@link Native#getLastError()}.
     */
    static native int ioctl(int fd, long request, long argument);

    /** ftruncate(2). */
    static native int ftruncate(int fd, long length) throws LastErrorException;

    /** fcntl(2) with an int as its variadic argument. */
    static native int fcntl(int fd, int command, int argument) throws LastErrorException;

    /** memfd_create(2), since glibc 2.27. */
    static native int memfd_create(String name, int flags) throws LastErrorException;

    /** pread(2) to an address. */
    static native long pread(int fd, long buffer, long length, long offset) throws LastErrorException;

    /** sigaction(2), with {@code struct sigaction} of 152 bytes as glibc has it; null is a null pointer. */
    static native int sigaction(int signal, byte @Nullable [] action, byte @Nullable [] old) throws LastErrorException;

    /** syscall(2), for calls that older libraries have no function for. */
    static native long syscall(long number, long first, long second, long third, long fourth) throws LastErrorException;

    /** strerror_r(3) as POSIX has it, whose symbol is called so. */
    static native int __xpg_strerror_r(int errno, byte[] buffer, long length);
}
