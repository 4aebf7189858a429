package dev.supermachine.rootfs;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A tar archive that is not a layer: the same reader, for whoever unpacks to a directory. One thread at a time. What is wrong with the archive is an
 * {@link dev.supermachine.ImageException} that names the archive and the entry; if reading it failed, with that failure as cause.
 *
 * @since 0.1
 */
public final class TarArchive implements Closeable {

    /** What an entry is. */
    public enum Kind {
        /** A regular file. */
        FILE,
        /** A directory. */
        DIRECTORY,
        /** A symbolic link. */
        SYMBOLIC_LINK,
        /** Another name for a file of the archive. */
        HARD_LINK,
        /** A device, pipe or socket. */
        SPECIAL
    }

    /**
     * One entry.
     *
     * @param name as in the archive, unchecked; bytes that are not UTF-8 are replaced
     * @param kind what it is
     * @param target of a link, as in the archive, unchecked
     * @param mode permission bits
     * @param size of the content in bytes
     * @param modified time of the last change
     */
    public record Entry(String name, Kind kind, String target, int mode, long size, Instant modified) {}

    private final TarReader reader;

    /**
     * An archive.
     *
     * @param subject what it is, for messages that begin with it
     * @param in its bytes from the first; closed with this object
     * @param maxBytes how long it may be
     */
    public TarArchive(String subject, InputStream in, long maxBytes) {
        reader = new TarReader(in, new LayerErrors(subject, "try again."), maxBytes);
    }

    /**
     * The next entry; what was not read of the one before is skipped.
     *
     * @return null at the end
     * @throws dev.supermachine.ImageException if there is something wrong with the archive
     */
    public @Nullable Entry next() {
        TarEntry entry = reader.next();
        return entry == null
                ? null
                : new Entry(
                        text(entry.name()),
                        kind(entry.type()),
                        text(entry.linkName()),
                        entry.mode(),
                        entry.size(),
                        Instant.ofEpochSecond(entry.mtimeSeconds(), entry.mtimeNanos()));
    }

    /**
     * Bytes of the current entry's content.
     *
     * @param buffer where to put them
     * @param offset from where on
     * @param length how many at most
     * @return how many came, -1 at the end of the content
     * @throws dev.supermachine.ImageException if there is something wrong with the archive
     */
    public int read(byte[] buffer, int offset, int length) {
        return reader.read(buffer, offset, length);
    }

    @Override
    public void close() throws IOException {
        reader.close();
    }

    private static Kind kind(EntryType type) {
        return switch (type) {
            case FILE -> Kind.FILE;
            case DIRECTORY -> Kind.DIRECTORY;
            case SYMLINK -> Kind.SYMBOLIC_LINK;
            case HARD_LINK -> Kind.HARD_LINK;
            case CHARACTER_DEVICE, BLOCK_DEVICE, FIFO -> Kind.SPECIAL;
        };
    }

    /** The reader keeps byte strings, one character per byte. */
    private static String text(String bytes) {
        return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }
}
