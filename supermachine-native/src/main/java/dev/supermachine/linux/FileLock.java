package dev.supermachine.linux;

import com.sun.jna.LastErrorException;
import java.io.IOException;
import java.nio.file.Files;
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
     * Holds an existing file together with other sharers if that is possible at once. The file is opened for reading only and never made, so that this
     * also works on a read-only file system.
     *
     * @param path the file to lock
     * @return the lock, or empty if somebody holds the file exclusively
     * @throws IOException if the file is missing, cannot be opened, or lies on a file system without flock
     */
    public static Optional<FileLock> tryShareExisting(Path path) throws IOException {
        return acquire(path, Libc.O_RDONLY, Libc.LOCK_SH | Libc.LOCK_NB);
    }

    /**
     * Holds an existing file alone if that is possible at once. The file is opened for reading only and never made.
     *
     * @param path the file to lock
     * @return the lock, or empty if somebody else holds the file
     * @throws IOException if the file is missing, cannot be opened, or lies on a file system without flock
     */
    public static Optional<FileLock> tryExclusiveExisting(Path path) throws IOException {
        return acquire(path, Libc.O_RDONLY, Libc.LOCK_EX | Libc.LOCK_NB);
    }

    /**
     * Whether the path still leads to the file that is locked. Between the opening and the locking of a file somebody may have unlinked or renamed it;
     * such a lock excludes nobody who comes by the path.
     *
     * @return false if the path is gone, leads to another file, or the lock was released
     */
    public boolean isCurrent() {
        if (released.get()) {
            return false;
        }
        try {
            // The kernel resolves this link to the open file itself, wherever its name went.
            return Files.isSameFile(Path.of("/proc/self/fd/" + fd), path);
        } catch (IOException e) {
            return false;
        }
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
        return acquire(path, Libc.O_RDWR | Libc.O_CREAT, operation);
    }

    private static Optional<FileLock> acquire(Path path, int mode, int operation) throws IOException {
        int fd = open(path, mode);
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
                throw refused(path, e);
            }
        }
    }

    /** flock fails for other reasons than that somebody has the lock: then it is the file system that does not do it, or not any more. */
    static IOException refused(Path path, LastErrorException e) {
        return new IOException(
                switch (e.getErrorCode()) {
                    case Errno.ENOLCK, Errno.ENOSYS, Errno.EOPNOTSUPP, Errno.EINVAL, Errno.EBADF ->
                        "Cannot lock " + path + ": " + e.getMessage()
                                + ". Its file system has no flock, as some network and FUSE file systems have none; the"
                                + " directory has to be on a local one";
                    default -> "Cannot lock " + path + ": " + e.getMessage();
                },
                e);
    }

    private static int open(Path path, int mode) throws IOException {
        try {
            return Libc.open(path.toString(), mode | Libc.O_CLOEXEC, 0600);
        } catch (LastErrorException e) {
            throw new IOException("Cannot open the lock file " + path + ": " + e.getMessage(), e);
        }
    }
}
