package dev.supermachine.engine.qemu;

import dev.supermachine.engine.Console;
import dev.supermachine.engine.OutputTail;
import java.nio.ByteBuffer;

/** The last 256 KiB that came from the serial port. Thread-safe. */
final class ConsoleRing implements Console {

    static final int CAPACITY = 256 * 1024;

    private final OutputTail latest = new OutputTail(CAPACITY);

    void append(ByteBuffer source) {
        latest.append(source);
    }

    @Override
    public String text() {
        return latest.text();
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
}
