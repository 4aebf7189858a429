package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.engine.Activation;
import dev.supermachine.engine.Channel;
import dev.supermachine.fuzz.Oracle;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Any bytes as what an agent sends to a client that does everything a client does: it gets answers or a {@link MachineException}, and never fails inside.
 *
 * <p>The first byte says whether the machine was booted or restored. Then come bursts, each with its length in two bytes before it: the first at once, the
 * next after each frame of the client, or when none comes. Behind the last the channel ends, so nothing is waited for in vain.
 */
public final class AgentFuzz {

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final int MAX_FILE = 100_000;
    private static final int MAX_READ = 4 << 20;

    private AgentFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length == 0) {
            return;
        }
        Bursts bursts = new Bursts(ByteBuffer.wrap(input, 1, input.length - 1));
        if ((input[0] & 1) == 0) {
            try (GuestClient client = new GuestClient(bursts, "m", () -> "")) {
                attempt(() -> client.awaitHello(LONG));
                attempt(() ->
                        client.configure(new WorkloadSpec(List.of("w"), Map.of(), "", "", 15, "h", Map.of()), LONG));
                attempt(() -> client.start(LONG));
                use(client);
            }
        } else {
            try (GuestClient client = GuestClient.restored(bursts, "m", () -> "")) {
                attempt(() -> client.resume(
                        new Activation(1, new byte[Activation.ENTROPY_BYTES], Clock.systemUTC(), "h", Map.of()), LONG));
                use(client);
            }
        }
    }

    private static void use(GuestClient client) {
        attempt(() -> execute(client));
        attempt(() -> {
            int length = client.readFile("/f", MAX_FILE).length;
            Oracle.require(length <= MAX_FILE, "a file of " + length + " bytes");
        });
        attempt(() -> client.stat("/f"));
        attempt(() -> read(client.tarOut("/d")));
        attempt(() -> client.writeFile("/f", new byte[10], 0644, FileOwner.KEEP));
        attempt(() -> {
            try (GuestConnection connection = client.connect(80)) {
                read(connection.input());
            }
        });
        attempt(() -> client.awaitListeners(List.of(80), LONG, Duration.ZERO));
        attempt(client::logText);
        attempt(() -> client.ping(LONG));
        attempt(() -> client.freeze(LONG));
    }

    private static void execute(GuestClient client) throws IOException {
        try (GuestProcess process = client.exec(ExecRequest.of("x").withCommand("y"))) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            process.drain(out, out);
            process.waitFor(LONG);
        }
    }

    private static void read(InputStream in) throws IOException {
        try (in) {
            in.readNBytes(MAX_READ);
        }
    }

    private interface Step {
        void run() throws IOException;
    }

    private static void attempt(Step step) {
        try {
            step.run();
        } catch (MachineException | IOException e) {
            Oracle.requireGoodMessage(e);
            Oracle.require(
                    !String.valueOf(e.getMessage()).contains("inside this library"),
                    "failed inside: " + e.getMessage());
        }
    }

    /** The agent's end: hands out a burst for each frame that was written. */
    private static final class Bursts implements Channel {

        private static final int PATIENCE_MILLIS = 2;

        private final ByteBuffer left;
        private ByteBuffer burst = ByteBuffer.allocate(0);
        private int due = 1;
        private boolean closed;

        Bursts(ByteBuffer left) {
            this.left = left;
        }

        @Override
        public synchronized int read(ByteBuffer target) throws IOException {
            if (!burst.hasRemaining()) {
                awaitTurn();
                if (!left.hasRemaining()) {
                    return -1;
                }
                int length = Byte.toUnsignedInt(left.get());
                length |= left.hasRemaining() ? Byte.toUnsignedInt(left.get()) << 8 : 0;
                burst = left.slice(left.position(), Math.min(length, left.remaining()));
                left.position(left.position() + burst.remaining());
            }
            int count = Math.min(burst.remaining(), target.remaining());
            target.put(burst.slice(burst.position(), count));
            burst.position(burst.position() + count);
            return count;
        }

        /** A frame, or a moment without one: then the client waits for more than it was given. */
        private void awaitTurn() throws IOException {
            long end = System.nanoTime() + PATIENCE_MILLIS * 1_000_000L;
            try {
                while (due == 0 && !closed && System.nanoTime() - end < 0) {
                    wait(1);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            if (closed) {
                throw new IOException("closed");
            }
            due = Math.max(0, due - 1);
        }

        @Override
        public synchronized void write(ByteBuffer source) throws IOException {
            if (closed) {
                throw new IOException("closed");
            }
            source.position(source.limit());
            due++;
            notifyAll();
        }

        @Override
        public synchronized void close() {
            closed = true;
            notifyAll();
        }
    }
}
