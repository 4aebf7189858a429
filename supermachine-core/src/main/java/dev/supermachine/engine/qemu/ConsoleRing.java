package dev.supermachine.engine.qemu;

import dev.supermachine.engine.Console;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The last 256 KiB that came from the serial port. Thread-safe. */
final class ConsoleRing implements Console {

    static final int CAPACITY = 256 * 1024;

    /** Grows up to the capacity; then it is a ring that starts at {@link #next}. */
    private byte[] bytes = new byte[4096];

    private int size;
    private int next;

    synchronized void append(ByteBuffer source) {
        while (source.hasRemaining()) {
            if (next == bytes.length && bytes.length < CAPACITY) {
                bytes = Arrays.copyOf(bytes, Math.min(CAPACITY, bytes.length * 2));
            } else if (next == bytes.length) {
                next = 0;
            }
            int count = Math.min(source.remaining(), bytes.length - next);
            source.get(bytes, next, count);
            next += count;
            size = Math.max(size, next);
        }
    }

    @Override
    public String text() {
        return printable(copy());
    }

    @Override
    public String tail(int lines) {
        String text = text().stripTrailing();
        int from = text.length();
        for (int i = 0; i < lines && from > 0; i++) {
            from = text.lastIndexOf('\n', from - 1);
        }
        return lines <= 0 || text.isEmpty() ? "" : text.substring(Math.max(0, from + 1));
    }

    private synchronized byte[] copy() {
        byte[] copy = new byte[size];
        int oldest = size == CAPACITY ? next % CAPACITY : 0;
        System.arraycopy(bytes, oldest, copy, 0, size - oldest);
        System.arraycopy(bytes, 0, copy, size - oldest, oldest);
        return copy;
    }

    /** Carriage returns go, since the console ends lines with both; other control characters become visible marks. */
    private static String printable(byte[] bytes) {
        StringBuilder text = new StringBuilder(bytes.length);
        String decoded = new String(bytes, StandardCharsets.UTF_8);
        for (int i = 0; i < decoded.length(); i++) {
            char c = decoded.charAt(i);
            if (c == '\r'
                    && i + 1 < decoded.length()
                    && (decoded.charAt(i + 1) == '\n' || decoded.charAt(i + 1) == '\r')) {
                continue;
            }
            text.append(Character.isISOControl(c) && c != '\n' && c != '\t' ? '\uFFFD' : c);
        }
        return text.toString();
    }
}
