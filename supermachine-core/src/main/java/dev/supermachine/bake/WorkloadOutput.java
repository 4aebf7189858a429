package dev.supermachine.bake;

import dev.supermachine.guest.GuestClient;
import dev.supermachine.guest.GuestLog;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** The workload's output as it comes, line by line, for those who look for one. Used by one thread. */
final class WorkloadOutput implements AutoCloseable {

    /** Longer ones are cut there: no line is worth more memory. */
    private static final int LONGEST_LINE = 64 * 1024;

    /** What is read at one go, so that a workload that never stops writing cannot keep us from looking at anything else. */
    private static final int AT_ONCE = 1024 * 1024;

    private final GuestLog log;
    private final List<Consumer<String>> readers = new ArrayList<>();
    private final Lines stdout = new Lines();
    private final Lines stderr = new Lines();
    private boolean quiet;
    private boolean ended;

    WorkloadOutput(GuestClient guest) {
        this.log = guest.logs(true);
    }

    /** Whom to tell of each line, without its end. */
    void onLine(Consumer<String> reader) {
        readers.add(reader);
    }

    /** Reads what has come; if nothing has, waits for it. */
    void poll(Duration atMost) {
        try {
            int all = 0;
            int count = log.poll(atMost, stdout, stderr);
            quiet = count == 0;
            while (count > 0 && all < AT_ONCE) {
                all += count;
                count = log.poll(Duration.ZERO, stdout, stderr);
            }
            if (count < 0 && !ended) {
                ended = true;
                stdout.finish();
                stderr.finish();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("A buffer in memory failed", e);
        }
    }

    /** Whether the workload has ended, and all that it wrote was read. */
    boolean ended() {
        return ended;
    }

    /** Lines without an end, such as a prompt; only while nothing comes, because the rest of a line may be on its way. */
    Stream<String> unfinishedLines() {
        return quiet ? Stream.of(stdout.unfinished(), stderr.unfinished()) : Stream.empty();
    }

    @Override
    public void close() {
        log.close();
    }

    private final class Lines extends OutputStream {

        private final ByteArrayOutputStream line = new ByteArrayOutputStream();

        @Override
        public void write(int value) {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] source, int offset, int count) {
            Objects.checkFromIndexSize(offset, count, source.length);
            for (int i = offset; i < offset + count; i++) {
                if (source[i] == '\n' || line.size() == LONGEST_LINE) {
                    end();
                }
                if (source[i] != '\n') {
                    line.write(source[i]);
                }
            }
        }

        private void end() {
            String text = unfinished();
            line.reset();
            readers.forEach(reader -> reader.accept(text));
        }

        private void finish() {
            if (line.size() > 0) {
                end();
            }
        }

        private String unfinished() {
            String text = line.toString(StandardCharsets.UTF_8);
            return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
        }
    }
}
