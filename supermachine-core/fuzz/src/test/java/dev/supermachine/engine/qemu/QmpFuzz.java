package dev.supermachine.engine.qemu;

import dev.supermachine.engine.Deadline;
import dev.supermachine.fuzz.Oracle;
import dev.supermachine.fuzz.Scratch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** Any bytes as what QEMU's monitor sends from greeting to end: replies, events, or an {@link IOException}. */
public final class QmpFuzz {

    /** Fits a socket's buffer, so that one thread is enough. */
    private static final int MAX_INPUT = 64 << 10;

    /** Never waited for: the far end has said all it will. */
    private static final Duration LONG = Duration.ofSeconds(20);

    private static final ServerSocketChannel SERVER = listen();

    private static Path path() {
        return Scratch.directory("fuzz-qmp").resolve("monitor");
    }

    private QmpFuzz() {}

    private static ServerSocketChannel listen() {
        try {
            return TimedSocket.listen(path());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static void fuzzerTestOneInput(byte[] input) {
        try (SocketChannel qemu = SocketChannel.open(SERVER.getLocalAddress());
                QmpClient client = new QmpClient(new TimedSocket(SERVER.accept()))) {
            ByteBuffer bytes = ByteBuffer.wrap(input, 0, Math.min(input.length, MAX_INPUT));
            while (bytes.hasRemaining()) {
                qemu.write(bytes);
            }
            qemu.shutdownOutput();
            talk(client);
        } catch (IOException e) {
            throw new UncheckedIOException("the test's own socket", e);
        }
    }

    private static void talk(QmpClient client) {
        attempt(() -> client.start(Deadline.in(LONG)));
        attempt(() -> Oracle.require(
                client.execute("query-status", Map.of(), LONG).has("return"), "a reply without a result"));
        attempt(() -> client.awaitEvent("STOP", data -> true, Deadline.in(LONG)));
        attempt(() -> client.execute("query-migrate", Map.of("a", "b"), LONG).object("return"));
        attempt(() -> client.awaitEvent("MIGRATION", data -> data.has("status"), Deadline.in(LONG)));
    }

    private interface Step {
        void run() throws IOException;
    }

    private static void attempt(Step step) {
        try {
            step.run();
        } catch (IOException e) {
            Oracle.requireGoodMessage(e);
            Oracle.require(!(e.getCause() instanceof SocketTimeoutException), "waited for the end: " + e.getMessage());
        }
    }
}
