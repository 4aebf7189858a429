package dev.supermachine.linux;

/** The error numbers of asm-generic/errno-base.h that this module tells apart. */
final class Errno {

    /** Interrupted system call. */
    static final int EINTR = 4;

    /** No such device or address; of lseek, no data after the offset. */
    static final int ENXIO = 6;

    /** Resource temporarily unavailable; also {@code EWOULDBLOCK}. */
    static final int EAGAIN = 11;

    /** Operation not supported, of asm-generic/errno.h. */
    static final int EOPNOTSUPP = 95;

    private Errno() {}
}
