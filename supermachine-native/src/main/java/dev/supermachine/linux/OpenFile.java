package dev.supermachine.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An open file, device or other thing that Linux has a descriptor for. Not inherited by processes that are started.
 *
 * <p>Thread-safe, with one exception: a thread that is inside a call when another closes the file may meet a descriptor of something else. Whoever closes makes
 * sure first that all calls have ended; calls that begin later fail with {@link IllegalStateException}.
 *
 * @since 0.1
 */
public final class OpenFile implements AutoCloseable {

    private static final int CLOSED = -1;

    private final String name;
    private final AtomicInteger fd;

    private OpenFile(String name, int fd) {
        this.name = name;
        this.fd = new AtomicInteger(fd);
    }

    /**
     * Opens an existing file for reading.
     *
     * @param path the file
     * @return it, open
     * @throws NoSuchFileException if there is none
     * @throws IOException if it cannot be opened
     */
    public static OpenFile reading(Path path) throws IOException {
        return openPath(path, Libc.O_RDONLY);
    }

    /**
     * Opens an existing file or device for reading and writing.
     *
     * @param path the file or device
     * @return it, open
     * @throws LinuxException if it cannot be opened
     */
    public static OpenFile device(Path path) {
        try {
            return new OpenFile(path.toString(), Libc.open(path.toString(), Libc.O_RDWR | Libc.O_CLOEXEC, 0));
        } catch (LastErrorException e) {
            throw LinuxException.of("open of " + path, e);
        }
    }

    /**
     * Makes a file in memory, which goes when it is closed and no longer mapped.
     *
     * @param name what it is called in {@code /proc}, for who looks
     * @param length how many zeros it has, in bytes
     * @return it, open for reading and writing
     * @throws LinuxException if it cannot be made
     */
    public static OpenFile inMemory(String name, long length) {
        OpenFile file;
        try {
            file = new OpenFile(name, Libc.memfd_create(name, Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING));
        } catch (LastErrorException e) {
            throw LinuxException.of("memfd_create of " + name, e);
        }
        try {
            Libc.ftruncate(file.fd(), length);
            return file;
        } catch (LastErrorException e) {
            file.close();
            throw LinuxException.of("ftruncate of " + name + " to " + length + " bytes", e);
        }
    }

    private static OpenFile openPath(Path path, int flags) throws IOException {
        try {
            return new OpenFile(path.toString(), Libc.open(path.toString(), flags | Libc.O_CLOEXEC, 0));
        } catch (LastErrorException e) {
            LinuxException cause = LinuxException.of("open of " + path, e);
            IOException failure = cause.errno() == LinuxException.ENOENT
                    ? new NoSuchFileException(path.toString())
                    : new FileSystemException(path.toString(), null, cause.getMessage());
            failure.initCause(cause);
            throw failure;
        }
    }

    /**
     * Makes a file in memory unchangeable for ever: neither its bytes nor its length. Whoever maps it can then rely on never meeting a missing page.
     *
     * @throws LinuxException if it is no file in memory, or mapped for writing in a shared way
     */
    public void seal() {
        try {
            Libc.fcntl(fd(), Libc.F_ADD_SEALS, Libc.F_SEAL_ALL);
        } catch (LastErrorException e) {
            throw LinuxException.of("fcntl F_ADD_SEALS of " + name, e);
        }
    }

    /**
     * Gives a device an order, and takes an error for a failure.
     *
     * @param call the request's name, for the exception
     * @param request its number, as in the C header
     * @param argument a number, or an address whose memory the caller keeps until this returns
     * @return what the device answers, not negative
     * @throws LinuxException if it answers with an error
     */
    public int ioctl(String call, long request, long argument) {
        int result = tryIoctl(request, argument);
        if (result < 0) {
            throw new LinuxException(call, -result);
        }
        return result;
    }

    /**
     * As {@link #ioctl(String, long, long)}, with the address of a block, which is kept until the call is over.
     *
     * @param call the request's name, for the exception
     * @param request its number, as in the C header
     * @param argument what the request works on
     * @return what the device answers, not negative
     * @throws LinuxException if it answers with an error
     */
    public int ioctl(String call, long request, NativeBlock argument) {
        try {
            return ioctl(call, request, argument.address());
        } finally {
            Reference.reachabilityFence(argument);
        }
    }

    /**
     * As {@link #ioctl(String, long, NativeBlock)}, on a structure inside of a block.
     *
     * @param call the request's name, for the exception
     * @param request its number, as in the C header
     * @param argument what the structure lies in
     * @param offset where it begins there
     * @return what the device answers, not negative
     * @throws LinuxException if it answers with an error
     */
    public int ioctl(String call, long request, NativeBlock argument, int offset) {
        try {
            return ioctl(call, request, argument.address(offset));
        } finally {
            Reference.reachabilityFence(argument);
        }
    }

    /**
     * Gives a device an order that may well fail.
     *
     * @param request its number, as in the C header
     * @param argument a number, or an address whose memory the caller keeps until this returns
     * @return what the device answers, not negative; or the error's number, negative
     */
    public int tryIoctl(long request, long argument) {
        int result = Libc.ioctl(fd(), request, argument);
        return result >= 0 ? result : -Native.getLastError();
    }

    /**
     * Gives a device an order whose answer is a new descriptor.
     *
     * @param call the request's name, for the exception
     * @param request its number, as in the C header
     * @param argument a number
     * @return what was opened, of this name
     * @throws LinuxException if it answers with an error
     */
    public OpenFile ioctlOpen(String call, long request, long argument) {
        return new OpenFile(call, ioctl(call, request, argument));
    }

    /**
     * A path by which this process can open the same file once more, as long as this is open.
     *
     * @return a link in {@code /proc}
     */
    public Path path() {
        return Path.of("/proc/self/fd/" + fd());
    }

    /**
     * Closes it. Further calls do nothing.
     *
     * @throws LinuxException if the kernel reports an error; the file is closed all the same
     */
    @Override
    public void close() {
        int open = fd.getAndSet(CLOSED);
        if (open != CLOSED) {
            try {
                Libc.close(open);
            } catch (LastErrorException e) {
                throw LinuxException.of("close of " + name, e);
            }
        }
    }

    @Override
    public String toString() {
        return name;
    }

    int fd() {
        int open = fd.get();
        if (open == CLOSED) {
            throw new IllegalStateException(name + " was closed");
        }
        return open;
    }
}
