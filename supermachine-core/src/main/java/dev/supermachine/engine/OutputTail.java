package dev.supermachine.engine;

import dev.supermachine.text.ForeignText;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The latest bytes of an output that may be without end. Writing never fails, also after closing, which does nothing. Thread-safe.
 *
 * @since 0.1
 */
public final class OutputTail extends OutputStream {

    private static final int FIRST_CAPACITY = 4096;

    private final int capacity;

    /** Grows up to the capacity; then it is a ring that starts at {@link #next}. */
    private byte[] bytes;

    private int size;
    private int next;

    private boolean cut;

    /**
     * An empty one.
     *
     * @param capacity how many bytes are kept at most
     */
    public OutputTail(int capacity) {
        this.capacity = capacity;
        this.bytes = new byte[Math.min(capacity, FIRST_CAPACITY)];
    }

    /**
     * Takes in what came, in place of the oldest.
     *
     * @param source read to its end
     */
    public synchronized void append(ByteBuffer source) {
        while (source.hasRemaining()) {
            if (next == bytes.length && bytes.length < capacity) {
                bytes = Arrays.copyOf(bytes, Math.min(capacity, bytes.length * 2));
            } else if (next == bytes.length) {
                next = 0;
            }
            int count = Math.min(source.remaining(), bytes.length - next);
            source.get(bytes, next, count);
            cut |= size == capacity;
            next += count;
            size = Math.max(size, next);
        }
    }

    @Override
    public void write(int value) {
        append(ByteBuffer.wrap(new byte[] {(byte) value}));
    }

    @Override
    public void write(byte[] source, int offset, int count) {
        append(ByteBuffer.wrap(source, offset, count));
    }

    /**
     * Whether something before what is kept is missing.
     *
     * @return true once more has come than the capacity
     */
    public synchronized boolean isCut() {
        return cut;
    }

    /**
     * What is kept, oldest first, read as UTF-8.
     *
     * @return the text, as {@link ForeignText#lines(String)} makes it
     */
    public String text() {
        return ForeignText.lines(new String(bytes(), StandardCharsets.UTF_8));
    }

    /**
     * What is kept, oldest first, as it came.
     *
     * @return a copy
     */
    public synchronized byte[] bytes() {
        byte[] copy = new byte[size];
        int oldest = size == capacity ? next % capacity : 0;
        System.arraycopy(bytes, oldest, copy, 0, size - oldest);
        System.arraycopy(bytes, 0, copy, size - oldest, oldest);
        return copy;
    }
}
