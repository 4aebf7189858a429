package dev.supermachine.snapshot;

import dev.supermachine.hash.Sha256;
import dev.supermachine.linux.SparseFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;

/** Hashes of files, in two forms: the plain one for small files, and one that costs nothing for holes for those that are large and mostly empty. */
final class ContentHash {

    /** Files up to this size get the plain hash, at every check. */
    static final long SMALL_BYTES = 1 << 20;

    private static final String PLAIN = "sha256:";
    private static final String SPARSE = "sparse-sha256:";
    private static final int BLOCK = 4096;
    private static final int BLOCKS_AT_ONCE = 256;
    private static final byte[] ZEROS = new byte[BLOCK];

    private ContentHash() {}

    /** The plain hash of bytes, with its prefix. */
    static String of(byte[] bytes) {
        return PLAIN + Sha256.hex(bytes);
    }

    /** The hash of a file in the form that its size calls for. */
    static String of(Path file) throws IOException {
        return Files.size(file) <= SMALL_BYTES ? of(Files.readAllBytes(file)) : ofSparse(file);
    }

    static boolean isSmall(SnapshotFile file) {
        return file.size() <= SMALL_BYTES;
    }

    /**
     * SHA-256 over the file's size and, for every block of 4 KiB that is not all zeros, its offset and its bytes (the last block as long as it is). Numbers
     * are 8 bytes, big-endian. So the result does not depend on which zeros are holes, which an archive may change.
     */
    private static String ofSparse(Path file) throws IOException {
        MessageDigest digest = Sha256.newDigest();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            digest.update(number(size));
            byte[] bytes = new byte[BLOCK * BLOCKS_AT_ONCE];
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            long done = 0;
            for (SparseFile.Extent extent : SparseFile.data(file)) {
                // Extents need not begin at a block of ours; what an earlier one covered is not hashed twice.
                long position = Math.max(done, extent.offset() / BLOCK * BLOCK);
                long end = Math.min(size, extent.offset() + extent.length());
                while (position < end) {
                    buffer.clear();
                    buffer.limit((int) Math.min(buffer.capacity(), Math.min(size, roundUp(end)) - position));
                    readFully(channel, buffer, position);
                    update(digest, bytes, buffer.limit(), position);
                    position += buffer.limit();
                }
                done = Math.max(done, position);
            }
        }
        return SPARSE + Sha256.hex(digest);
    }

    private static void update(MessageDigest digest, byte[] bytes, int length, long position) {
        for (int start = 0; start < length; start += BLOCK) {
            int end = Math.min(start + BLOCK, length);
            if (!Arrays.equals(bytes, start, end, ZEROS, 0, end - start)) {
                digest.update(number(position + start));
                digest.update(bytes, start, end - start);
            }
        }
    }

    private static void readFully(FileChannel channel, ByteBuffer buffer, long position) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, position + buffer.position()) < 0) {
                throw new EOFException("the file became shorter while it was read");
            }
        }
    }

    private static long roundUp(long position) {
        return (position + BLOCK - 1) / BLOCK * BLOCK;
    }

    private static byte[] number(long value) {
        return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
    }
}
