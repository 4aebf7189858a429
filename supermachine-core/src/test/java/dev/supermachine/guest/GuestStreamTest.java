package dev.supermachine.guest;

import static dev.supermachine.guest.ScriptedAgent.payload;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.GuestFile;
import dev.supermachine.MachineException;
import dev.supermachine.testing.Background;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Credit, fairness and ends of streams, seen from a peer that grants and takes as a test needs it. */
@Timeout(60)
class GuestStreamTest {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final int WINDOW = GuestClient.DEFAULT_WINDOW;

    private final PipeChannel.Pair pipes = PipeChannel.pair();
    private final ScriptedAgent agent = new ScriptedAgent(pipes.far());
    private final GuestClient client = new GuestClient(pipes.near(), "m-1", () -> "");

    @AfterEach
    void close() {
        client.close();
        agent.close();
    }

    @Test
    void sendsWhatWasGrantedAndNoMore() throws Exception {
        GuestConnection connection = connect(10);
        CompletableFuture<Void> writing = write(connection.output(), 25);
        assertThat(agent.expect(FrameType.DATA).payload()).hasSize(10);
        CompletableFuture<Void> ping = Background.run(() -> client.ping(LONG));
        Frame next = agent.expect(FrameType.PING);
        agent.control(FrameType.PONG, payload().bytes(next.payload()));
        ping.get();
        assertThat(writing).isNotDone();

        agent.stream(FrameType.CREDIT, 0, 1, payload().u32(15).payload());

        assertThat(agent.expect(FrameType.DATA).payload()).hasSize(15);
        writing.get();
        connection.shutdownOutput();
        assertThat(agent.expect(FrameType.EOF).flags()).isZero();
        assertThatThrownBy(() -> connection.output().write(1)).hasMessage("The stream is closed.");
    }

    @Test
    void filesAreSentWithTheirCommandAsFarAsItsFirstWindowGoes() throws Exception {
        ExecRequest request = ExecRequest.of("cat")
                .withFiles(List.of(GuestFile.of("/a", new byte[WINDOW - 1]), GuestFile.of("/b", new byte[3])));
        CompletableFuture<GuestProcess> process = Background.supply(() -> client.exec(request));
        agent.expect(FrameType.OPEN);
        for (int sent = 0; sent < WINDOW; ) {
            sent += agent.expect(FrameType.DATA).payload().length;
            assertThat(sent).isLessThanOrEqualTo(WINDOW);
        }
        agent.stream(FrameType.CREDIT, 0, 1, payload().u32(WINDOW).payload());
        assertThat(agent.expect(FrameType.DATA).payload()).hasSize(2);
        assertThat(process).isNotDone();
        agent.stream(FrameType.OPENED, 0, 1, payload().u32(0).u32(42).payload());
        assertThat(process.get().pid()).isEqualTo(42);
    }

    /** The peer reads on only when one writer waits for the pipe and the other for its turn, so that the scheduler has no say in who is next. */
    @Test
    void writersTakeTurns() {
        int total = 4 * 1024 * 1024;
        OutputStream first = exec(total).stdin();
        OutputStream second = exec(total).stdin();
        List<Thread> writers = List.of(writer(first, total), writer(second, total));

        int frames = 2 * total / GuestStream.CHUNK;
        int[] inFirstHalf = new int[3];
        for (int i = 0; i < frames; i++) {
            if (i < frames / 2) {
                Awaitility.await()
                        .pollDelay(Duration.ZERO)
                        .pollInterval(Duration.ofMillis(1))
                        .until(() -> writers.stream()
                                        .filter(writer -> writer.getState() == Thread.State.WAITING)
                                        .count()
                                == 1);
            }
            Frame frame = agent.expect(FrameType.DATA);
            assertThat(frame.payload()).hasSize(GuestStream.CHUNK);
            if (i < frames / 2) {
                inFirstHalf[frame.stream()]++;
            }
        }
        Awaitility.await().until(() -> writers.stream().noneMatch(Thread::isAlive));
        assertThat(inFirstHalf[1]).isBetween(frames / 8, frames * 3 / 8);
    }

    @Test
    void grantsAgainWhatWasReadOnceHalfAWindowIsOwed() throws IOException {
        GuestProcess process = exec(0);
        fillWindow();
        InputStream stdout = process.stdout();
        Awaitility.await().until(() -> stdout.available() == WINDOW);
        assertThat(stdout.readNBytes(WINDOW / 2)).hasSize(WINDOW / 2);

        Frame credit = agent.expect(FrameType.CREDIT);

        assertThat(credit.flags()).isEqualTo(1);
        assertThat(credit.payload()).isEqualTo(payload().u32(WINDOW / 2).payload());
    }

    @Test
    void aClosedOutputIsGrantedWithoutAReader() throws IOException {
        GuestProcess process = exec(0);
        process.stdout().close();
        int credit = WINDOW;
        for (int frame = 0; frame < 40; frame++) {
            credit = awaitCredit(credit);
            agent.stream(FrameType.DATA, 1, 1, new byte[Frame.MAX_PAYLOAD]);
            credit -= Frame.MAX_PAYLOAD;
        }
        assertThat(credit).isLessThanOrEqualTo(WINDOW);
    }

    /** An honest guest keeps a MiB itself. */
    @Test
    void ofALogTheLastMiBIsCollectedHoweverMuchAGuestSends() throws Exception {
        CompletableFuture<String> collecting = Background.supply(client::logText);
        int log = agent.acceptOpen(payload().u32(0));
        int credit = WINDOW;
        int pieces = 3 * 1024 * 1024 / Frame.MAX_PAYLOAD;
        StringBuilder sent = new StringBuilder();
        for (int i = 0; i < pieces; i++) {
            String piece = String.valueOf((char) ('a' + i % 26)).repeat(Frame.MAX_PAYLOAD);
            credit = awaitCredit(credit);
            agent.stream(FrameType.DATA, 1, log, piece.getBytes(US_ASCII));
            credit -= Frame.MAX_PAYLOAD;
            sent.append(piece);
        }
        String end = "\u001b[1mas it came\r\n";
        agent.stream(FrameType.DATA, 2, log, end.getBytes(US_ASCII));
        sent.append(end);
        agent.stream(FrameType.EOF, 1, log, new byte[0]);
        agent.stream(FrameType.EOF, 2, log, new byte[0]);
        agent.stream(FrameType.RESULT, 0, log, payload().u64(0).payload());

        String text = collecting.get();
        assertThat(text).endsWith(end);
        assertThat(text.equals(sent.substring(sent.length() - 1024 * 1024)))
                .as("the last MiB of %s, but got %s", sent.length(), text.length())
                .isTrue();
    }

    @Test
    void aLogThatAGuestNeverEndsIsGivenUp() {
        CompletableFuture<String> collecting = Background.supply(() -> client.logText(Duration.ofMillis(100)));
        agent.acceptOpen(payload().u32(0));
        assertThat(collecting)
                .failsWithin(LONG)
                .withThrowableOfType(ExecutionException.class)
                .withCauseInstanceOf(MachineException.class)
                .withMessageContaining("its agent did not come to the end of the workload's output within 100 ms");
    }

    @Test
    void aWriterIsToldThatTheProcessHasEnded() {
        GuestProcess process = exec(0);
        CompletableFuture<Void> writing = write(process.stdin(), WINDOW + 1);
        for (int sent = 0; sent < WINDOW; sent += GuestStream.CHUNK) {
            agent.expect(FrameType.DATA);
        }
        agent.stream(FrameType.RESULT, 0, 1, GuestClientProtocolTest.result(0, 0));

        assertThat(writing)
                .failsWithin(LONG)
                .withThrowableOfType(ExecutionException.class)
                .havingRootCause()
                .isInstanceOf(IOException.class)
                .withMessage("Machine 'm-1': the other end of the stream has ended; cannot execute [cat]");
    }

    @Test
    void whatCameBeforeAnErrorIsReadBeforeIt() throws IOException {
        GuestProcess process = exec(0);
        agent.stream(FrameType.DATA, 1, 1, new byte[] {1, 2});
        agent.stream(
                FrameType.STREAM_ERROR,
                0,
                1,
                payload().u32(5).string("disk on fire").payload());

        assertThat(process.stdout().readNBytes(2)).containsExactly(1, 2);
        assertThatThrownBy(() -> process.stdout().read())
                .isInstanceOf(IOException.class)
                .hasMessage("Machine 'm-1': cannot execute [cat]: disk on fire (errno 5)");
    }

    @Test
    void anInterruptedReaderSaysSoAndStaysInterrupted() throws Exception {
        GuestProcess process = exec(0);
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread reader = new Thread(() -> {
            try {
                process.stdout().read();
                interrupted.complete(false);
            } catch (InterruptedIOException e) {
                interrupted.complete(Thread.currentThread().isInterrupted());
            } catch (IOException e) {
                interrupted.completeExceptionally(e);
            }
        });
        reader.start();
        Awaitility.await().until(() -> reader.getState() == Thread.State.WAITING);
        reader.interrupt();

        assertThat(interrupted.get()).isTrue();
    }

    @Test
    void aConnectionWhoseDirectionsHaveEndedIsNotResetAndAFreezeWaitsForIt() throws Exception {
        CompletableFuture<GuestConnection> connecting = Background.supply(() -> client.connect(80));
        agent.acceptOpen(payload().u32(100));
        GuestConnection connection = connecting.get();
        connection.shutdownOutput();
        agent.expect(FrameType.EOF);
        agent.stream(FrameType.EOF, 1, 1, new byte[0]);
        assertThat(connection.input().read()).isEqualTo(-1);
        connection.close();
        CompletableFuture<Void> freezing = Background.run(() -> client.freeze(LONG));
        agent.stream(FrameType.RESULT, 0, 1, new byte[0]);

        agent.expect(FrameType.FREEZE);
        agent.control(FrameType.PARKED, payload());
        freezing.get();
    }

    @Test
    void aConnectionThatIsClosedEarlierIsReset() throws Exception {
        CompletableFuture<GuestConnection> connecting = Background.supply(() -> client.connect(80));
        agent.acceptOpen(payload().u32(100));
        connecting.get().close();
        agent.expect(FrameType.RESET);
    }

    private GuestProcess exec(int credit) {
        CompletableFuture<GuestProcess> process =
                Background.supply(() -> client.exec(ExecRequest.of("cat").withStdin()));
        agent.acceptOpen(payload().u32(credit).u32(42));
        return process.join();
    }

    private GuestConnection connect(int credit) {
        CompletableFuture<GuestConnection> connection = Background.supply(() -> client.connect(80));
        agent.acceptOpen(payload().u32(credit));
        return connection.join();
    }

    private void fillWindow() {
        for (int sent = 0; sent < WINDOW; sent += Frame.MAX_PAYLOAD) {
            agent.stream(FrameType.DATA, 1, 1, new byte[Frame.MAX_PAYLOAD]);
        }
    }

    /** Credit for one more frame of the largest size: what is not granted yet is less than half a window, or a grant is on its way. */
    private int awaitCredit(int left) {
        int credit = left;
        while (credit < Frame.MAX_PAYLOAD) {
            credit += ByteBuffer.wrap(agent.expect(FrameType.CREDIT).payload())
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .getInt();
        }
        return credit;
    }

    private static Thread writer(OutputStream out, int count) {
        Thread thread = new Thread(() -> writeAll(out, count), "test-writer");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static CompletableFuture<Void> write(OutputStream out, int count) {
        return Background.run(() -> writeAll(out, count));
    }

    private static void writeAll(OutputStream out, int count) {
        try {
            out.write(new byte[count]);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
