package dev.supermachine.guest;

import static dev.supermachine.guest.ScriptedAgent.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.supermachine.MachineException;
import dev.supermachine.testing.Background;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whatever a guest sends, the client goes on or ends with an exception that says which rule was broken. */
@Timeout(120)
class GuestClientFuzzTest {

    private static final long SEED = 8_128;
    private static final int ROUNDS = 1_500;
    private static final int FRAMES = 12;
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final FrameType[] TYPES = FrameType.values();

    @Test
    void randomFramesEndTheClientInOrderOrNotAtAll() {
        int broken = 0;
        for (int round = 0; round < ROUNDS; round++) {
            String end = end(new Random(SEED + round));
            assertThat(end).as("round %d", round).doesNotContain("inside this library");
            if (end.contains("its agent broke the protocol: ")) {
                broken++;
            }
        }
        assertThat(broken).isBetween(ROUNDS / 2, ROUNDS - 1);
    }

    /** How a client ends to which a stream was opened and then anything was sent. */
    private static String end(Random random) {
        PipeChannel.Pair pipes = PipeChannel.pair();
        ScriptedAgent agent = new ScriptedAgent(pipes.far());
        try (GuestClient client = new GuestClient(pipes.near(), "m", () -> "")) {
            CompletableFuture<GuestProcess> opening = Background.supply(() -> client.exec(ExecRequest.of("x")));
            agent.acceptOpen(payload().u32(1000).u32(1));
            GuestProcess process = opening.join();
            try {
                for (int i = 0; i < FRAMES; i++) {
                    agent.raw(frame(random));
                }
            } catch (UncheckedIOException e) {
                // The client has had enough and closed the channel.
                assertThat(e).hasMessageContaining("Broken pipe");
            }
            agent.close();
            assertThat(process.exit()
                            .handle((exit, failure) -> failure == null
                                    || failure instanceof MachineException
                                    || (failure instanceof CompletionException
                                            && failure.getCause() instanceof MachineException)))
                    .succeedsWithin(LONG)
                    .isEqualTo(true);
            // Until the end is noticed a ping is sent; nobody answers it any more.
            MachineException ended = catchThrowableOfType(MachineException.class, () -> client.ping(LONG));
            assertThat(ended).isNotNull();
            return String.valueOf(ended.getMessage());
        }
    }

    private static ByteBuffer frame(Random random) {
        FrameType type = TYPES[random.nextInt(TYPES.length)];
        byte[] bytes = new byte[random.nextInt(4) == 0 ? random.nextInt(3000) : random.nextInt(26)];
        if (random.nextBoolean()) {
            random.nextBytes(bytes);
        }
        int flags = type.ofSubchannel() ? random.nextInt(3) : 0;
        int stream = type.ofStream() ? 1 : 0;
        int epoch = random.nextInt(8) == 0 ? random.nextInt() : 0;
        ByteBuffer encoded = FrameCodec.encode(new Frame(type, flags, stream, epoch, bytes));
        if (random.nextInt(10) == 0) {
            encoded.put(random.nextInt(encoded.limit()), (byte) random.nextInt());
        }
        return encoded;
    }
}
