package dev.supermachine.engine;

import dev.supermachine.text.ForeignText;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last 256 KiB that came from a serial port, and all of it in a file if somebody wants that. Thread-safe.
 *
 * @since 0.1
 */
public final class ConsoleRing implements Console {

    static final int CAPACITY = 256 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(ConsoleRing.class);

    private final OutputTail latest = new OutputTail(CAPACITY);
    private @Nullable ConsoleFile file;
    private boolean ended;

    /** An empty one. */
    public ConsoleRing() {}

    /**
     * Takes in what the guest printed.
     *
     * @param source read to its end
     */
    public synchronized void append(ByteBuffer source) {
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

    /**
     * Writes what is here into a file, and whatever comes from now on. Only the first call counts.
     *
     * @param path is made, mode 0600, or replaced
     * @throws IOException if it cannot be written
     */
    public synchronized void copyTo(Path path) throws IOException {
        if (file == null) {
            file = ConsoleFile.create(path);
            file.write(text());
            if (ended) {
                closeFile();
            }
        }
    }

    /**
     * Goes on with a file that another process has begun.
     *
     * @param path of an existing file
     * @throws IOException if it cannot be written
     */
    public synchronized void continueIn(Path path) throws IOException {
        file = ConsoleFile.append(path);
    }

    /**
     * Reads a console to its end.
     *
     * @param serial in blocking mode; closed at the end
     * @param machine for the log
     */
    public void readAll(SocketChannel serial, String machine) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(8192);
        try (serial) {
            while (serial.read(buffer) >= 0) {
                append(buffer.flip());
                buffer.clear();
            }
        } catch (IOException e) {
            LOG.debug("The console of machine '{}' ended", machine, e);
        } finally {
            end();
        }
    }

    private synchronized void end() {
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
