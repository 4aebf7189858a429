package dev.supermachine.pool;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** Bytes that become lines. Not thread-safe. */
final class LineOutput extends OutputStream {

    /** How long a line may be; what is longer comes in parts. */
    static final int MOST_BYTES = 65_536;

    /** What of a character in UTF-8 comes after its first byte. */
    private static final int LONGEST_REST = 3;

    private final Consumer<String> lines;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    LineOutput(Consumer<String> lines) {
        this.lines = lines;
    }

    @Override
    public void write(int value) {
        if (value == '\n') {
            hand();
            return;
        }
        boolean startsCharacter = (value & 0xC0) != 0x80;
        if (line.size() >= MOST_BYTES && (startsCharacter || line.size() >= MOST_BYTES + LONGEST_REST)) {
            hand();
        }
        line.write(value);
    }

    @Override
    public void write(byte[] source, int offset, int length) {
        for (int i = offset; i < offset + length; i++) {
            write(source[i]);
        }
    }

    /** Hands out what has come without an end of its line. */
    void flushRest() {
        if (line.size() > 0) {
            hand();
        }
    }

    private void hand() {
        String text = line.toString(StandardCharsets.UTF_8);
        line.reset();
        lines.accept(text);
    }
}
