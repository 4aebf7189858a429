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
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Files that are being written. Each is locked by its writer, so that what a killed process left can be told from what is in use. */
final class TemporaryFiles {

    private static final Logger LOGGER = LoggerFactory.getLogger(TemporaryFiles.class);

    private final Path directory;

    /** Locked while a file is made and while files are swept: a file is made a moment before it is locked. */
    private final Path guardFile;

    TemporaryFiles(Path directory) {
        this.directory = directory;
        this.guardFile = directory.resolveSibling(directory.getFileName() + ".lock");
    }

    Temporary create() throws IOException {
        Path path = directory.resolve(UUID.randomUUID() + ".part");
        FileLock lock = make(path);
        try {
            return new Temporary(path, lock, FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE));
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
        try (FileLock guard = FileLock.exclusive(guardFile);
                DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.part")) {
            LOGGER.trace("Sweeping under {}", guard.path());
            for (Path file : files) {
                deleteIfUnlocked(file);
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
