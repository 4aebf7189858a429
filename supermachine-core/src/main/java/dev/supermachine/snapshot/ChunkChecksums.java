package dev.supermachine.snapshot;

import dev.supermachine.hash.Sha256;
import dev.supermachine.linux.SparseFile;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;

/**
 * The hash of a large file: two cyclic checksums of each chunk, and SHA-256 over all of them. Processors compute both checksums as fast as memory delivers the
 * bytes, chunks are read by all processors at once, and holes are not read. That is a fraction of what a cryptographic hash of the bytes costs, so it can be
 * done before every first use; each change of up to 64 bits in a row is found for certain, any other but for a chance of 2^-64.
 */
final class ChunkChecksums {

    static final int CHUNK = 256 * 1024;

    /** Fewer chunks than this are not worth a thread of their own. */
    private static final int CHUNKS_PER_THREAD = 32;

    private static final long ZEROS = checksums(ByteBuffer.allocate(CHUNK));

    private final Path file;
    private final FileChannel channel;
    private final long size;

    private ChunkChecksums(Path file, FileChannel channel) throws IOException {
        this.file = file;
        this.channel = channel;
        this.size = channel.size();
    }

    /**
     * The hash as {@code docs/snapshot-format.md} defines it.
     *
     * @return 64 hexadecimal digits
     */
    static String of(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return new ChunkChecksums(file, channel).compute();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private String compute() throws IOException {
        ByteBuffer table = ByteBuffer.allocate(Math.toIntExact((size + CHUNK - 1) / CHUNK * Long.BYTES));
        while (table.hasRemaining()) {
            table.putLong(ZEROS);
        }
        int tail = (int) (size % CHUNK);
        if (tail > 0) {
            table.putLong(table.capacity() - Long.BYTES, checksums(ByteBuffer.allocate(tail)));
        }
        List<Chunk> chunks = chunksWithData();
        int threads = Math.min(Runtime.getRuntime().availableProcessors(), 1 + chunks.size() / CHUNKS_PER_THREAD);
        IntStream.range(0, threads).parallel().forEach(thread -> {
            ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
            for (int i = thread; i < chunks.size(); i += threads) {
                Chunk chunk = chunks.get(i);
                read(chunk, buffer);
                table.putLong(chunk.index() * Long.BYTES, checksums(buffer));
            }
        });
        MessageDigest digest = Sha256.newDigest();
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(size).flip());
        digest.update(table.array());
        return Sha256.hex(digest);
    }

    /** A chunk that is not one hole, and where in the file it has data. */
    private record Chunk(int index, List<SparseFile.Extent> data) {}

    private List<Chunk> chunksWithData() throws IOException {
        List<Chunk> chunks = new ArrayList<>();
        for (SparseFile.Extent extent : SparseFile.data(file)) {
            long end = Math.min(size, extent.offset() + extent.length());
            long position = extent.offset();
            while (position < end) {
                int index = (int) (position / CHUNK);
                long next = Math.min(end, (index + 1L) * CHUNK);
                if (chunks.isEmpty() || chunks.get(chunks.size() - 1).index() != index) {
                    chunks.add(new Chunk(index, new ArrayList<>(1)));
                }
                chunks.get(chunks.size() - 1).data().add(new SparseFile.Extent(position, next - position));
                position = next;
            }
        }
        return chunks;
    }

    /** Fills the buffer with a chunk; its holes are not read, because that would take room in the page cache. */
    private void read(Chunk chunk, ByteBuffer buffer) {
        long start = (long) chunk.index() * CHUNK;
        int length = (int) Math.min(CHUNK, size - start);
        buffer.clear().limit(length);
        if (chunk.data().get(0).length() < length) {
            buffer.put(new byte[length]);
        }
        try {
            for (SparseFile.Extent data : chunk.data()) {
                int at = (int) (data.offset() - start);
                buffer.limit((int) (at + data.length())).position(at);
                while (buffer.hasRemaining()) {
                    if (channel.read(buffer, start + buffer.position()) < 0) {
                        throw new EOFException("the file became shorter while it was read");
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        buffer.limit(length).position(0);
    }

    private static long checksums(ByteBuffer bytes) {
        CRC32 zip = new CRC32();
        zip.update(bytes.duplicate());
        CRC32C castagnoli = new CRC32C();
        castagnoli.update(bytes.duplicate());
        return zip.getValue() << 32 | castagnoli.getValue();
    }
}
