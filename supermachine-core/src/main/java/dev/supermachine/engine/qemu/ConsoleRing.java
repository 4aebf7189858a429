package dev.supermachine.engine.qemu;

import dev.supermachine.engine.Console;
import dev.supermachine.text.ForeignText;
import dev.supermachine.engine.OutputTail;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The last 256 KiB that came from the serial port, and all of it in a file if somebody wants that. Thread-safe. */
final class ConsoleRing implements Console {

    static final int CAPACITY = 256 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(ConsoleRing.class);

    private final OutputTail latest = new OutputTail(CAPACITY);
    private @Nullable ConsoleFile file;
    private boolean ended;

    synchronized void append(ByteBuffer source) {
        if (file != null) {
            try {
                file.write(ForeignText.lines(
                        StandardCharsets.UTF_8.decode(source.duplicate()).toString()));
            } catch (IOException e) {
                LOG.warn("The console of a kept machine is not written any more: {}", e.getMessage());
                closeFile();
            }
        }
        latest.append(source);
    }

    /** Writes what is here into a file, and whatever comes from now on. Only the first call counts. */
    synchronized void copyTo(Path path) throws IOException {
        if (file == null) {
            file = new ConsoleFile(path);
            file.write(text());
            if (ended) {
                closeFile();
            }
        }
    }

    /** Nothing comes any more. */
    synchronized void end() {
        ended = true;
        closeFile();
    }

    private synchronized void closeFile() {
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                LOG.debug("The file of a console cannot be closed", e);
            }
            file = null;
        }
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
