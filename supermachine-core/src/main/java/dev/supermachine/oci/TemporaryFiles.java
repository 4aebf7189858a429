package dev.supermachine.oci;

import dev.supermachine.linux.FileLock;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files that are being written. Each is locked by its writer, so that what a killed process left can be told from what is in use. Those with a name of their own
 * may be left unfinished for whoever claims the name next.
 */
final class TemporaryFiles {

    private static final Logger LOGGER = LoggerFactory.getLogger(TemporaryFiles.class);

    private final Path directory;
    private final Duration kept;

    /** Locked while a file is made and while files are swept: a file is made a moment before it is locked. */
    private final Path guardFile;

    /**
     * @param kept how long a file that nobody writes any more is left for those who may go on with it
     */
    TemporaryFiles(Path directory, Duration kept) {
        this.directory = directory;
        this.kept = kept;
        this.guardFile = directory.resolveSibling(directory.getFileName() + ".lock");
    }

    Temporary create() throws IOException {
        Path path = directory.resolve(UUID.randomUUID() + ".part");
        return open(path, make(path), false);
    }

    /** The file of a name, new or as somebody left it; empty if somebody is writing it now. */
    Optional<Temporary> claim(String name) throws IOException {
        Path path = directory.resolve(name + ".part");
        while (true) {
            Optional<FileLock> lock = FileLock.tryExclusive(path);
            if (lock.isEmpty()) {
                return Optional.empty();
            }
            if (lock.get().isCurrent()) {
                return Optional.of(open(path, lock.get(), true));
            }
            lock.get().close(); // it was finished or swept since it was opened
        }
    }

    private static Temporary open(Path path, FileLock lock, boolean claimed) throws IOException {
        try {
            return new Temporary(
                    path, lock, FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE), claimed);
        } catch (IOException e) {
            lock.close();
            throw e;
        }
    }

    private FileLock make(Path path) throws IOException {
        try (FileLock guard = FileLock.exclusive(guardFile)) {
            LOGGER.trace("Making {} under {}", path, guard.path());
            return FileLock.exclusive(path); // makes the file with mode 0600
        }
    }

    /** Deletes what processes that are gone have left. */
    void sweep() {
        Instant since = Instant.now().minus(kept);
        try (FileLock guard = FileLock.exclusive(guardFile);
                DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.part")) {
            LOGGER.trace("Sweeping under {}", guard.path());
            for (Path file : files) {
                if (isOlder(file, since)) {
                    deleteIfUnlocked(file, since);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // Somebody else sweeps at the same time, or the leftovers stay until the next sweep: no reason to fail a
            // pull.
            LOGGER.debug("Sweeping {} ended early", directory, e);
        }
    }

    private static boolean isOlder(Path file, Instant since) throws IOException {
        return Files.getLastModifiedTime(file).toInstant().isBefore(since);
    }

    /** Before the lock was had, another may have written the file or put a new one in its place. */
    private static void deleteIfUnlocked(Path file, Instant since) throws IOException {
        Optional<FileLock> lock = FileLock.tryExclusiveExisting(file);
        if (lock.isPresent()) {
            try (FileLock held = lock.get()) {
                if (held.isCurrent() && isOlder(file, since)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    /** A file that is gone when closed, unless it was moved, or is to be kept and has something in it. */
    static final class Temporary implements AutoCloseable {

        private final Path path;
        private final FileLock lock;
        private final FileChannel channel;
        private final boolean claimed;
        private boolean moved;
        private boolean kept;

        private Temporary(Path path, FileLock lock, FileChannel channel, boolean claimed) {
            this.path = path;
            this.lock = lock;
            this.channel = channel;
            this.claimed = claimed;
        }

        Path path() {
            return path;
        }

        FileChannel channel() {
            return channel;
        }

        /** Leaves the file for the next who claims its name; one without a name that can be claimed is of no use to anybody. */
        void keep() {
            kept = claimed;
        }

        /** Makes the content durable and then visible under its final name. */
        void moveTo(Path target) throws IOException {
            channel.force(true);
            Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
            moved = true;
        }

        @Override
        public void close() throws IOException {
            try {
                channel.close();
                // not asked of the channel: an interrupt has closed it
                boolean left = kept && path.toFile().length() > 0;
                if (!moved && !left) {
                    Files.deleteIfExists(path);
                }
            } finally {
                lock.close();
            }
        }
    }
}
