package dev.supermachine.engine;

import dev.supermachine.EngineException;
import dev.supermachine.linux.FileLock;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Short directories that only this user can enter, for what belongs to one machine while it runs: {@code <base>/supermachine-<uid>/<JVM>/<number>}. A JVM
 * holds a lock on its own directory as long as it lives; the next JVM deletes those of the dead. Thread-safe.
 *
 * @since 0.1
 */
public final class PrivateDirectories {

    private static final Logger LOG = LoggerFactory.getLogger(PrivateDirectories.class);
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    /** The longest path of a unix socket, {@code sun_path} of sys/un.h without its terminating zero. */
    private static final int MAX_SOCKET_PATH = 107;

    private static final int LONGEST_NAME = 12;

    private final Path ofThisJvm;
    private final AtomicLong count = new AtomicLong();

    /** Never closed: the kernel drops it when this JVM ends, however it ends. */
    @SuppressWarnings({"UnusedVariable", "FieldCanBeLocal"})
    private final FileLock alive;

    private PrivateDirectories(Path ofThisJvm, FileLock alive) {
        this.ofThisJvm = ofThisJvm;
        this.alive = alive;
    }

    private static final class Holder {
        private static final PrivateDirectories INSTANCE = open(base());
    }

    /**
     * Those of this JVM, made at the first call.
     *
     * @return the same on every call
     * @throws EngineException if the directory cannot be made, is not private, or its path is too long for sockets
     */
    public static PrivateDirectories instance() {
        return Holder.INSTANCE;
    }

    /** {@code $XDG_RUNTIME_DIR}, which is private, local and short, where there is one. */
    private static Path base() {
        String runtime = System.getenv("XDG_RUNTIME_DIR");
        if (runtime != null && runtime.startsWith("/") && Files.isWritable(Path.of(runtime))) {
            return Path.of(runtime);
        }
        return Path.of(System.getProperty("java.io.tmpdir", "/tmp")).toAbsolutePath();
    }

    /**
     * Deletes what dead JVMs left and makes this one's directory.
     *
     * @param base an existing directory, which others may share
     * @return the directories
     * @throws EngineException if the directory cannot be made, is not private, or its path is too long for sockets
     */
    public static PrivateDirectories open(Path base) {
        try {
            Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            Path ofUser = base.resolve("supermachine-" + uid);
            makePrivate(ofUser, uid);
            // Held while directories come and go, so that nobody sees one before its lock is taken.
            try (FileLock guard = FileLock.exclusive(ofUser.resolve("guard"))) {
                LOG.trace("Holding {}", guard.path());
                sweep(ofUser);
                Path ofThisJvm = newDirectory(ofUser);
                checkLength(ofThisJvm);
                PrivateDirectories made = new PrivateDirectories(
                        ofThisJvm, FileLock.tryExclusive(lock(ofThisJvm)).orElseThrow());
                Runtime.getRuntime().addShutdownHook(new Thread(made::deleteAll, "supermachine-directories"));
                return made;
            }
        } catch (IOException e) {
            throw new EngineException(
                    "Cannot make a private directory for machines under " + base + ": " + e.getMessage()
                            + ". Make that directory writable, or set XDG_RUNTIME_DIR or -Djava.io.tmpdir to another.",
                    e);
        }
    }

    /**
     * A new empty directory, mode 0700. It goes with this JVM at the latest.
     *
     * @return its path
     * @throws IOException if it cannot be made
     */
    public Path create() throws IOException {
        return Files.createDirectory(
                ofThisJvm.resolve(Long.toString(count.incrementAndGet())),
                PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    }

    /**
     * A new empty directory that can outlive this JVM, beside its own: the next JVM deletes it when nobody holds a lock on it any more.
     *
     * @return the directory and a share of its lock
     * @throws IOException if it cannot be made
     */
    public Shared createShared() throws IOException {
        Path ofUser = Objects.requireNonNull(ofThisJvm.getParent());
        try (FileLock guard = FileLock.exclusive(ofUser.resolve("guard"))) {
            LOG.trace("Holding {}", guard.path());
            Path directory = newDirectory(ofUser);
            return new Shared(directory, FileLock.shared(lock(directory)));
        }
    }

    /**
     * A directory, and this JVM's share of the lock that keeps it.
     *
     * @param path the directory
     * @param lock held
     */
    public record Shared(Path path, FileLock lock) implements AutoCloseable {

        /** Leaves the directory to whoever else holds a lock on it. */
        @Override
        public void close() {
            lock.close();
        }
    }

    private static Path newDirectory(Path ofUser) throws IOException {
        Path directory =
                ofUser.resolve(Long.toString(ThreadLocalRandom.current().nextLong(1L << 35), 36));
        return Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    }

    /**
     * Deletes a tree. What vanishes meanwhile is no error: a process's end deletes its directory too. Links are not followed.
     *
     * @param root a directory
     * @throws IOException if something of it cannot be deleted
     */
    public static void delete(Path root) throws IOException {
        Files.walkFileTree(root, new SimpleFileVisitor<Path>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                return gone(failure);
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                    throws IOException {
                if (failure != null) {
                    return gone(failure);
                }
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static FileVisitResult gone(IOException failure) throws IOException {
        if (failure instanceof NoSuchFileException) {
            return FileVisitResult.CONTINUE;
        }
        throw failure;
    }

    /** Only tidiness: what a JVM that is killed leaves, the next one deletes. */
    private void deleteAll() {
        try {
            delete(ofThisJvm);
        } catch (IOException e) {
            LOG.debug("Left {}", ofThisJvm, e);
        }
    }

    private static void makePrivate(Path directory, Object uid) throws IOException {
        try {
            Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        } catch (FileAlreadyExistsException e) {
            LOG.trace("{} exists", directory);
        }
        // Under a shared /tmp somebody else may have made it first, or put a link there.
        boolean ours = Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
                && Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS)
                        .equals(uid)
                && Files.getPosixFilePermissions(directory, LinkOption.NOFOLLOW_LINKS)
                        .equals(OWNER_ONLY);
        if (!ours) {
            throw new EngineException("The directory " + directory + " is not a directory of user " + uid
                    + " with mode 0700, so what belongs to machines would not be private in it."
                    + " Remove it, or set XDG_RUNTIME_DIR to a directory of your own.");
        }
    }

    private static void checkLength(Path directory) throws IOException {
        int length = directory.toString().getBytes(StandardCharsets.UTF_8).length + LONGEST_NAME;
        if (length > MAX_SOCKET_PATH) {
            Files.delete(directory);
            throw new EngineException("The path " + directory + " is too long for unix sockets: with their names "
                    + length + " bytes, at most " + MAX_SOCKET_PATH
                    + " are possible. Set XDG_RUNTIME_DIR or -Djava.io.tmpdir to a shorter directory.");
        }
    }

    private static void sweep(Path ofUser) throws IOException {
        List<Path> others;
        try (Stream<Path> entries = Files.list(ofUser)) {
            others = entries.filter(entry -> Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS))
                    .toList();
        }
        for (Path other : others) {
            // tryExclusive makes the file if it is missing: then its JVM died between two steps.
            Optional<FileLock> dead = FileLock.tryExclusive(lock(other));
            if (dead.isPresent()) {
                try (FileLock lock = dead.get()) {
                    LOG.debug("Deleting {}, whose JVM is gone", lock.path().getParent());
                    delete(other);
                } catch (DirectoryNotEmptyException e) {
                    LOG.debug("Left {} for the next time: its QEMU is just ending", other, e);
                }
            }
        }
    }

    private static Path lock(Path directory) {
        return directory.resolve("lock");
    }
}
