package dev.supermachine.snapshot;

import dev.supermachine.hash.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Hashes of files, in two forms: the plain one for small files, and a fast one that costs nothing for holes for those that are large and mostly empty.
 *
 * @since 0.1
 */
public final class ContentHash {

    /** Files up to this size get the plain hash, at every check. */
    static final long SMALL_BYTES = 1 << 20;

    private static final String PLAIN = "sha256:";
    private static final String CHUNKS = "chunk-crc:";

    private ContentHash() {}

    /** The plain hash of bytes, with its prefix. */
    static String of(byte[] bytes) {
        return PLAIN + Sha256.hex(bytes);
    }

    /**
     * The hash of a file in the form that its size calls for.
     *
     * @param file the file
     * @return such as {@code sha256:4f…}; the same for the same bytes, wherever it has holes
     * @throws IOException if it cannot be read
     */
    public static String of(Path file) throws IOException {
        return Files.size(file) <= SMALL_BYTES ? of(Files.readAllBytes(file)) : CHUNKS + ChunkChecksums.of(file);
    }

    static boolean isSmall(SnapshotFile file) {
        return file.size() <= SMALL_BYTES;
    }
}
