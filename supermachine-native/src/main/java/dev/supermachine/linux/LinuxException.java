package dev.supermachine.linux;

import com.sun.jna.LastErrorException;
import java.nio.charset.Charset;

/**
 * A system call that failed. Unchecked, because what this module calls fails only through a defect or the state of the host, which who uses a machine cannot
 * mend on the spot.
 *
 * @since 0.1
 */
public final class LinuxException extends RuntimeException {

    /** Operation not permitted. */
    public static final int EPERM = 1;

    /** No such file or directory. */
    public static final int ENOENT = 2;

    /** Interrupted system call. */
    public static final int EINTR = Errno.EINTR;

    /** No such device or address; also what a device says of an attribute that it does not have. */
    public static final int ENXIO = Errno.ENXIO;

    /** Argument list too long; of KVM's lists, that there are more entries than room. */
    public static final int E2BIG = 7;

    /** Resource temporarily unavailable. */
    public static final int EAGAIN = Errno.EAGAIN;

    /** Out of memory. */
    public static final int ENOMEM = 12;

    /** Permission denied. */
    public static final int EACCES = 13;

    /** Bad address. */
    public static final int EFAULT = 14;

    /** Device or resource busy. */
    public static final int EBUSY = 16;

    /** Invalid argument. */
    public static final int EINVAL = Errno.EINVAL;

    /** Too many open files. */
    public static final int EMFILE = 24;

    /** Inappropriate ioctl for device; the driver does not know the request. */
    public static final int ENOTTY = Errno.ENOTTY;

    private static final long serialVersionUID = 1;

    private final String call;
    private final int errno;

    /**
     * One with a message such as {@code KVM_CREATE_VM failed: Invalid argument (errno 22)}.
     *
     * @param call what was called, by its name in C, and on what if that matters
     * @param errno the error's number, positive
     */
    public LinuxException(String call, int errno) {
        super(call + " failed: " + text(errno) + " (errno " + errno + ")");
        this.call = call;
        this.errno = errno;
    }

    static LinuxException of(String call, LastErrorException failure) {
        LinuxException exception = new LinuxException(call, failure.getErrorCode());
        exception.initCause(failure);
        return exception;
    }

    /**
     * What was called.
     *
     * @return as given
     */
    public String call() {
        return call;
    }

    /**
     * The error's number.
     *
     * @return positive; some are constants of this class
     */
    public int errno() {
        return errno;
    }

    private static String text(int errno) {
        byte[] buffer = new byte[256];
        Libc.__xpg_strerror_r(errno, buffer, buffer.length);
        int length = 0;
        while (length < buffer.length && buffer[length] != 0) {
            length++;
        }
        return new String(buffer, 0, length, Charset.defaultCharset());
    }
}
