package dev.supermachine.pool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * What goes over the socket between a keeper and who has a command executed: a byte for the kind, a length in four bytes, and that many bytes. Both ends are of
 * the same user and the same version. Written by any thread, read by one.
 */
final class KeptFrames implements AutoCloseable {

    private static final int MOST = 1 << 20;

    /** The kinds, and the letter of each on the socket. */
    enum Type {
        /** To the keeper, once and first: the command as JSON. */
        REQUEST('Q'),
        /** To the keeper: standard input; empty at its end. */
        STDIN('I'),
        /** To the keeper: a signal's number as text. */
        SIGNAL('S'),
        /** To the keeper: rows and columns of its terminal as text. */
        RESIZE('W'),
        /** From the keeper, once: it runs. */
        STARTED('R'),
        /** From the keeper. */
        STDOUT('O'),
        /** From the keeper. */
        STDERR('E'),
        /** From the keeper, once and last: status, whether its time was over, milliseconds and the peak of memory in KiB, as text. */
        EXIT('X'),
        /** From the keeper, in place of EXIT: a message. */
        FAILURE('F');

        private final char letter;

        Type(char letter) {
            this.letter = letter;
        }

        private static Type of(byte letter) throws IOException {
            for (Type type : values()) {
                if (type.letter == letter) {
                    return type;
                }
            }
            throw new IOException("a frame of the unknown kind " + letter);
        }
    }

    /** One of them. */
    @SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
    record Frame(Type type, byte[] bytes) {}

    private static final int HEAD = 5;

    private final SocketChannel channel;

    KeptFrames(SocketChannel channel) {
        this.channel = channel;
    }

    void write(Type type, byte[] bytes) throws IOException {
        write(type, bytes, 0, bytes.length);
    }

    /** Not over a stream of the channel: one that reads would keep another from writing. */
    synchronized void write(Type type, byte[] bytes, int offset, int length) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(HEAD + length);
        frame.put((byte) type.letter).putInt(length).put(bytes, offset, length).flip();
        while (frame.hasRemaining()) {
            channel.write(frame);
        }
    }

    /** The next; null at the end. */
    @Nullable
    Frame read() throws IOException {
        ByteBuffer head = ByteBuffer.allocate(HEAD);
        if (!fill(head)) {
            return null;
        }
        Type type = Type.of(head.get());
        int length = head.getInt();
        if (length < 0 || length > MOST) {
            throw new IOException("a frame of " + length + " bytes");
        }
        ByteBuffer bytes = ByteBuffer.allocate(length);
        return fill(bytes) ? new Frame(type, bytes.array()) : null;
    }

    /** False if it ends before. */
    private boolean fill(ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                return false;
            }
        }
        buffer.flip();
        return true;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
