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

/** Files that are being written. Each is locked by its writer, so that what a killed process left can be told from what is in use. */
final class TemporaryFiles {

    private static final Logger LOGGER = LoggerFactory.getLogger(TemporaryFiles.class);

    /** A file is made a moment before it is locked; nothing this young is swept. */
    private static final Duration YOUNG = Duration.ofHours(1);

    private final Path directory;

    TemporaryFiles(Path directory) {
        this.directory = directory;
    }

    Temporary create() throws IOException {
        Path path = directory.resolve(UUID.randomUUID() + ".part");
        FileLock lock = FileLock.exclusive(path); // makes the file with mode 0600
        try {
            return new Temporary(path, lock, FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE));
        } catch (IOException e) {
            lock.close();
            throw e;
        }
    }

    /** Deletes what processes that are gone have left. */
    void sweep() {
        Instant young = Instant.now().minus(YOUNG);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.part")) {
            for (Path file : files) {
                if (Files.getLastModifiedTime(file).toInstant().isBefore(young)) {
                    deleteIfUnlocked(file);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // Somebody else sweeps at the same time, or the leftovers stay until the next sweep: no reason to fail a
            // pull.
            LOGGER.debug("Sweeping {} ended early", directory, e);
        }
    }

    private static void deleteIfUnlocked(Path file) throws IOException {
        Optional<FileLock> lock = FileLock.tryExclusive(file);
        if (lock.isPresent()) {
            try (FileLock held = lock.get()) {
                Files.deleteIfExists(held.path());
            }
        }
    }

    /** A file that is gone when closed, unless it was moved. */
    static final class Temporary implements AutoCloseable {

        private final Path path;
        private final FileLock lock;
        private final FileChannel channel;
        private boolean moved;

        private Temporary(Path path, FileLock lock, FileChannel channel) {
            this.path = path;
            this.lock = lock;
            this.channel = channel;
        }

        Path path() {
            return path;
        }

        FileChannel channel() {
            return channel;
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
                if (!moved) {
                    Files.deleteIfExists(path);
                }
            } finally {
                lock.close();
            }
        }
    }
}
