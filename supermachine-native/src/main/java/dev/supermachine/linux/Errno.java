package dev.supermachine.linux;

/** The error numbers of asm-generic/errno-base.h that this module tells apart. */
final class Errno {

    /** No such process. */
    static final int ESRCH = 3;

    /** Interrupted system call. */
    static final int EINTR = 4;

    /** No such device or address; of lseek, no data after the offset. */
    static final int ENXIO = 6;

    /** Resource temporarily unavailable; also {@code EWOULDBLOCK}. */
    static final int EAGAIN = 11;

    /** Bad file number; of flock on NFS also, that the file was not opened for writing. */
    static final int EBADF = 9;

    /** Inappropriate ioctl for device; the driver does not know the request. */
    static final int ENOTTY = 25;

    /** Invalid argument. */
    static final int EINVAL = 22;

    /** No record locks available, of asm-generic/errno.h; of flock, that a network file system's server does not lock. */
    static final int ENOLCK = 37;

    /** Function not implemented, of asm-generic/errno.h. */
    static final int ENOSYS = 38;

    /** Operation not supported, of asm-generic/errno.h. */
    static final int EOPNOTSUPP = 95;

    private Errno() {}
}
