package dev.supermachine.linux;

import com.sun.jna.LastErrorException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A lock on a file, held by flock(2) on an open file of its own, so that it excludes other processes and other threads of this one alike, and the kernel
 * drops it when the process dies in whatever way.
 *
 * <p>Not {@link java.nio.channels.FileChannel#lock()}: that is a POSIX record lock, which any other close of the same file in the same process releases.
 *
 * <p>Instances are thread-safe; {@link #close()} releases, once.
 */
public final class FileLock implements AutoCloseable {

    private final Path path;
    private final int fd;
    private final AtomicBoolean released = new AtomicBoolean();

    private FileLock(Path path, int fd) {
        this.path = path;
        this.fd = fd;
    }

    /**
     * Waits until nobody else holds the file in any way, then holds it alone. The file is made (mode 0600) if it is missing. The wait cannot be
     * interrupted.
     *
     * @param path the file to lock
     * @return the lock, held
     * @throws IOException if the file cannot be opened, or lies on a file system without flock
     */
    public static FileLock exclusive(Path path) throws IOException {
        return acquire(path, Libc.LOCK_EX).orElseThrow();
    }

    /**
     * Waits until nobody holds the file exclusively, then holds it together with other sharers.
     *
     * @param path the file to lock
     * @return the lock, held
     * @throws IOException if the file cannot be opened, or lies on a file system without flock
     */
    public static FileLock shared(Path path) throws IOException {
        return acquire(path, Libc.LOCK_SH).orElseThrow();
    }

    /**
     * Holds the file alone if that is possible at once.
     *
     * @param path the file to lock
     * @return the lock, or empty if somebody else holds the file
     * @throws IOException if the file cannot be opened, or lies on a file system without flock
     */
    public static Optional<FileLock> tryExclusive(Path path) throws IOException {
        return acquire(path, Libc.LOCK_EX | Libc.LOCK_NB);
    }

    /**
     * Holds the file together with other sharers if that is possible at once.
     *
     * @param path the file to lock
     * @return the lock, or empty if somebody holds the file exclusively
     * @throws IOException if the file cannot be opened, or lies on a file system without flock
     */
    public static Optional<FileLock> tryShared(Path path) throws IOException {
        return acquire(path, Libc.LOCK_SH | Libc.LOCK_NB);
    }

    /**
     * The locked file.
     *
     * @return its path, as given
     */
    public Path path() {
        return path;
    }

    /** Releases the lock. Further calls do nothing. */
    @Override
    public void close() {
        if (released.compareAndSet(false, true)) {
            Libc.close(fd);
        }
    }

    private static Optional<FileLock> acquire(Path path, int operation) throws IOException {
        int fd = open(path);
        while (true) {
            try {
                Libc.flock(fd, operation);
                return Optional.of(new FileLock(path, fd));
            } catch (LastErrorException e) {
                if (e.getErrorCode() == Errno.EINTR) {
                    continue;
                }
                Libc.close(fd);
                if (e.getErrorCode() == Errno.EAGAIN) {
                    return Optional.empty();
                }
                throw new IOException(
                        "Cannot lock " + path + ": " + e.getMessage()
                                + ". The file system may not support flock; put the directory on a local file system.",
                        e);
            }
        }
    }

    private static int open(Path path) throws IOException {
        try {
            return Libc.open(path.toString(), Libc.O_RDWR | Libc.O_CREAT | Libc.O_CLOEXEC, 0600);
        } catch (LastErrorException e) {
            throw new IOException("Cannot open the lock file " + path + ": " + e.getMessage(), e);
        }
    }
}
