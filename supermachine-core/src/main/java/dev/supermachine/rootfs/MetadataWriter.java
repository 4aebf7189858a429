package dev.supermachine.rootfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Writes small pieces at ascending places, gathered into large writes; what lies between is zero. */
final class MetadataWriter {

    private static final int BUFFER = 1 << 18;

    private final FileChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    private long start;

    MetadataWriter(FileChannel channel) {
        this.channel = channel;
    }

    /** @param at not below the end of what was written before */
    void write(long at, byte[] bytes) throws IOException {
        long gap = at - (start + buffer.position());
        if (gap + bytes.length > buffer.remaining()) {
            flush();
            start = at;
            gap = 0;
        }
        if (bytes.length > buffer.capacity()) {
            writeFully(channel, ByteBuffer.wrap(bytes), at);
            start = at + bytes.length;
            return;
        }
        for (long i = 0; i < gap; i++) {
            buffer.put((byte) 0);
        }
        buffer.put(bytes);
    }

    void flush() throws IOException {
        buffer.flip();
        int length = buffer.limit();
        writeFully(channel, buffer, start);
        buffer.clear();
        start += length;
    }

    static void writeFully(FileChannel channel, ByteBuffer bytes, long at) throws IOException {
        long position = at;
        while (bytes.hasRemaining()) {
            position += channel.write(bytes, position);
        }
    }
}
