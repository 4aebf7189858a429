package dev.supermachine.bake;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/** Keeps the last bytes of what is written to it. */
final class Tail extends OutputStream {

    private final int limit;
    private final byte[] kept;
    private int length;
    private boolean cut;

    Tail(int limit) {
        this.limit = limit;
        this.kept = new byte[2 * limit];
    }

    @Override
    public void write(int value) {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] source, int offset, int count) {
        Objects.checkFromIndexSize(offset, count, source.length);
        int from = offset;
        int end = offset + count;
        while (from < end) {
            if (length == kept.length) {
                System.arraycopy(kept, limit, kept, 0, limit);
                length = limit;
                cut = true;
            }
            int part = Math.min(end - from, kept.length - length);
            System.arraycopy(source, from, kept, length, part);
            length += part;
            from += part;
        }
    }

    /** The text, with "…" in front if something before it is missing; empty if nothing but blanks came. */
    String text() {
        int from = Math.max(0, length - limit);
        String text = new String(Arrays.copyOfRange(kept, from, length), StandardCharsets.UTF_8).strip();
        return (cut || from > 0) && !text.isEmpty() ? "…" + text : text;
    }
}
