package dev.supermachine.guest;

import dev.supermachine.hash.Sha256;
import dev.supermachine.linux.FileLock;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file in the cache whose content is known by its SHA-256: made once, by whichever thread or process asks first, published by a rename, and made again
 * if it was damaged.
 */
final class HashedFile {

    private static final Logger LOG = LoggerFactory.getLogger(HashedFile.class);
    private static final int BUFFER = 1 << 16;

    private HashedFile() {}

    /** Where the content comes from. */
    @FunctionalInterface
    interface Source {

        /** Writes the whole content. */
        void writeTo(OutputStream out) throws IOException;
    }

    /** What the source wrote is not what its hash promised. */
    static final class MismatchException extends IOException {

        private static final long serialVersionUID = 1L;

        MismatchException(String message) {
            super(message);
        }
    }

    /**
     * Returns when the file is there with the content that belongs to the hash. Directories are made with mode 0700, the file with mode 0600.
     *
     * @throws MismatchException if the source wrote something else; nothing is published then
     * @throws IOException if the file cannot be read or written
     */
    static void ensure(Path file, String sha256, Source source) throws IOException {
        if (sha256.equals(hashIfPresent(file))) {
            return;
        }
        Files.createDirectories(
                file.toAbsolutePath().getParent(),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        try (FileLock lock = FileLock.exclusive(sibling(file, ".lock"))) {
            String found = hashIfPresent(file);
            if (sha256.equals(found)) {
                return;
            }
            if (found != null) {
                LOG.warn("{} is damaged: its SHA-256 is {}, expected {}. Making it again.", file, found, sha256);
            }
            LOG.debug("Making {} while holding {}", file, lock.path());
            write(file, sha256, source);
        }
    }

    /** The SHA-256 of a file's content in hexadecimal digits. */
    static String hash(Path file) throws IOException {
        MessageDigest digest = Sha256.newDigest();
        byte[] buffer = new byte[BUFFER];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
        }
        return Sha256.hex(digest);
    }

    private static @Nullable String hashIfPresent(Path file) throws IOException {
        try {
            return hash(file);
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private static void write(Path file, String sha256, Source source) throws IOException {
        Path temporary = sibling(file, ".tmp");
        // One left behind belongs to nobody: whoever made it held the lock, and is gone.
        Files.deleteIfExists(temporary);
        try {
            String written = writeAndSync(temporary, source);
            if (!written.equals(sha256)) {
                throw new MismatchException("found SHA-256 " + written + ", expected " + sha256);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static String writeAndSync(Path temporary, Source source) throws IOException {
        try (FileChannel channel = FileChannel.open(
                temporary,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            DigestOutputStream out = new DigestOutputStream(
                    new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER), Sha256.newDigest());
            source.writeTo(out);
            out.flush();
            channel.force(true);
            return Sha256.hex(out.getMessageDigest());
        }
    }

    private static Path sibling(Path file, String suffix) {
        return file.resolveSibling(file.getFileName() + suffix);
    }
}
