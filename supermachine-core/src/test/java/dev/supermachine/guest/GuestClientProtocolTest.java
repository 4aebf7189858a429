package dev.supermachine.guest;

import static dev.supermachine.guest.ScriptedAgent.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.MachineException;
import dev.supermachine.engine.Activation;
import dev.supermachine.engine.Witness;
import dev.supermachine.testing.Background;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The client against a peer that keeps to the protocol or breaks it, one rule at a time. */
@Timeout(60)
class GuestClientProtocolTest {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final ExecRequest TRUE = ExecRequest.of("true");

    private final PipeChannel.Pair pipes = PipeChannel.pair();
    private final ScriptedAgent agent = new ScriptedAgent(pipes.far());
    private final GuestClient client = new GuestClient(pipes.near(), "m-1", () -> "first line\nlast line\n");

    @AfterEach
    void close() {
        client.close();
        agent.close();
    }

    @Test
    void walksThroughABake() throws Exception {
        agent.control(FrameType.HELLO, payload().u32(1).string("abc").string("6.1.0"));
        assertThat(client.awaitHello(LONG)).isEqualTo(new Hello(1, "abc", "6.1.0"));
        FrameReader ack = new FrameReader(agent.expect(FrameType.HELLO_ACK));
        assertThat(ack.u32()).isEqualTo(1);
        ack.end();

        CompletableFuture<Void> configured = async(() -> client.configure(
                new WorkloadSpec(
                                List.of("/bin/app", "-x"),
                                Map.of("A", "1"),
                                "app",
                                "/srv",
                                15,
                                "box",
                                Map.of("h", "10.0.0.1"))
                        .withVolumes(List.of(new VolumeMount("/z", true), new VolumeMount("/a", false))),
                LONG));
        FrameReader configure = new FrameReader(agent.expect(FrameType.CONFIGURE));
        assertThat(configure.strings()).containsExactly("/bin/app", "-x");
        assertThat(configure.map()).containsExactly(Map.entry("A", "1"));
        assertThat(configure.string()).isEqualTo("app");
        assertThat(configure.string()).isEqualTo("/srv");
        assertThat(configure.u32()).isEqualTo(15);
        assertThat(configure.string()).isEqualTo("box");
        assertThat(configure.map()).containsExactly(Map.entry("h", "10.0.0.1"));
        assertThat(configure.map()).containsExactly(Map.entry("/z", "new"), Map.entry("/a", ""));
        configure.end();
        agent.control(FrameType.CONFIGURED, payload());
        configured.get();

        CompletableFuture<Integer> started = Background.supply(() -> client.start(LONG));
        agent.expect(FrameType.START);
        agent.control(FrameType.STARTED, payload().u32(42));
        assertThat(started.get()).isEqualTo(42);

        CompletableFuture<Void> frozen = async(() -> client.freeze(LONG));
        agent.expect(FrameType.FREEZE);
        agent.control(FrameType.PARKED, payload());
        frozen.get();
        assertThatThrownBy(() -> client.exec(TRUE))
                .isInstanceOf(MachineException.class)
                .hasMessage("Machine 'm-1': cannot execute [true]: the machine is frozen until it is resumed");

        resume(7);
        agent.control(FrameType.WORKLOAD_EXIT, payload().u8(1).u32(9));
        assertThat(client.workloadExit().get())
                .isEqualTo(new WorkloadExit(true, 9))
                .hasToString("was killed by signal 9");
    }

    @Test
    void aConnectionHasATimeOfItsOwnAndIsGivenUpAfterIt() {
        assertThatThrownBy(() -> client.connect(80, Duration.ofMillis(50)))
                .isInstanceOf(MachineException.class)
                .hasMessageStartingWith(
                        "Machine 'm-1': no answer within 50 ms to the request to connect to the guest's port 80.");
        agent.expect(FrameType.OPEN);
        agent.expect(FrameType.RESET);
    }

    @Test
    void aTimeoutIsRoundedUpAndNeverOverflows() throws Exception {
        Map<Duration, Long> sent = Map.of(
                Duration.ZERO,
                0L,
                Duration.ofNanos(1),
                1L,
                Duration.ofMillis(2),
                2L,
                Duration.ofSeconds(Long.MAX_VALUE),
                Duration.ofDays(10_000).toMillis());
        for (Map.Entry<Duration, Long> one : sent.entrySet()) {
            CompletableFuture<GuestProcess> process =
                    Background.supply(() -> client.exec(TRUE.withTimeout(one.getKey())));
            Frame open = agent.expect(FrameType.OPEN);
            byte[] payload = open.payload();
            // before the number of files, which is the last
            long millis = ByteBuffer.wrap(payload)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .getLong(payload.length - Integer.BYTES - Long.BYTES);
            assertThat(millis).as("%s", one.getKey()).isEqualTo(one.getValue());
            agent.stream(
                    FrameType.OPENED, 0, open.stream(), payload().u32(0).u32(5).payload());
            process.get().close();
            agent.expect(FrameType.RESET);
        }
    }

    @Test
    void aRestoredMachineBeginsWithResume() throws Exception {
        PipeChannel.Pair others = PipeChannel.pair();
        try (ScriptedAgent parked = new ScriptedAgent(others.far());
                GuestClient restored = GuestClient.restored(others.near(), "m-2", () -> "")) {
            assertThatThrownBy(() -> restored.exec(TRUE))
                    .hasMessage("Machine 'm-2': cannot execute [true]: the machine is parked until it is resumed");
            byte[] entropy = new byte[Activation.ENTROPY_BYTES];
            entropy[0] = 99;
            Clock clock = Clock.fixed(Instant.ofEpochSecond(1_700_000_000L, 5), ZoneOffset.UTC);
            CompletableFuture<Void> resumed =
                    async(() -> restored.resume(new Activation(3, entropy, clock, "box-3", Map.of("B", "2")), LONG));

            Frame frame = parked.expect(FrameType.RESUME);
            assertThat(frame.epoch()).isEqualTo(3);
            FrameReader resume = new FrameReader(frame);
            assertThat(resume.u32()).isEqualTo(3);
            assertThat(resume.bytes(32)).isEqualTo(entropy);
            assertThat(resume.u64()).isEqualTo(1_700_000_000L);
            assertThat(resume.u32()).isEqualTo(5);
            assertThat(resume.string()).isEqualTo("box-3");
            assertThat(resume.map()).containsExactly(Map.entry("B", "2"));
            assertThat(resume.u8()).as("hold").isZero();
            resume.end();
            parked.epoch(3);
            parked.control(FrameType.RESUMED, payload());
            resumed.get();
            CompletableFuture<GuestProcess> process = Background.supply(() -> restored.exec(TRUE));
            assertThat(parked.next().epoch()).isEqualTo(3);
            parked.stream(FrameType.OPENED, 0, 1, payload().u32(0).u32(5).payload());
            assertThat(process.get().pid()).isEqualTo(5);
        }
    }

    @Test
    void aParkedMachineRehearsesInItsOwnEpochAndStaysParked() throws Exception {
        PipeChannel.Pair others = PipeChannel.pair();
        try (ScriptedAgent parked = new ScriptedAgent(others.far());
                GuestClient restored = GuestClient.restored(others.near(), "m-3", () -> "")) {
            byte[] entropy = new byte[Activation.ENTROPY_BYTES];
            Clock clock = Clock.fixed(Instant.ofEpochSecond(1_800_000_000L, 7), ZoneOffset.UTC);
            Activation activation = new Activation(9, entropy, clock, "box-9", Map.of());
            CompletableFuture<Void> rehearsed = async(() -> restored.rehearse(activation, LONG));

            Frame frame = parked.expect(FrameType.REHEARSE);
            assertThat(frame.epoch()).isZero();
            FrameReader fields = new FrameReader(frame);
            assertThat(fields.u32()).isEqualTo(9);
            assertThat(fields.bytes(32)).isEqualTo(entropy);
            assertThat(fields.u64()).isEqualTo(1_800_000_000L);
            assertThat(fields.u32()).isEqualTo(7);
            assertThat(fields.string()).isEqualTo("box-9");
            assertThat(fields.map()).isEmpty();
            assertThat(fields.u8()).as("hold").isZero();
            fields.end();
            parked.control(FrameType.REHEARSED, payload());
            rehearsed.get();

            assertThatThrownBy(() -> restored.exec(TRUE))
                    .hasMessage("Machine 'm-3': cannot execute [true]: the machine is parked until it is resumed");
            CompletableFuture<Void> resumed = async(() -> restored.resume(activation, LONG));
            assertThat(parked.expect(FrameType.RESUME).epoch()).isEqualTo(9);
            parked.epoch(9);
            parked.control(FrameType.RESUMED, payload());
            resumed.get();
        }
    }

    @Test
    void framesOfAnotherEpochAreDropped() throws Exception {
        GuestProcess process = exec();
        agent.epoch(-4);
        agent.stream(FrameType.DATA, 1, 1, "from elsewhere".getBytes(StandardCharsets.UTF_8));
        agent.stream(FrameType.RESULT, 0, 77, new byte[0]);
        agent.control(FrameType.PONG, payload());
        agent.epoch(0);
        agent.stream(FrameType.DATA, 1, 1, new byte[] {'y'});
        agent.stream(FrameType.EOF, 1, 1, new byte[0]);

        assertThat(process.stdout().readAllBytes()).isEqualTo(new byte[] {'y'});
    }

    @Test
    void anErrorIsARefusalAndTheClientGoesOn() throws Exception {
        CompletableFuture<Void> frozen = async(() -> client.freeze(LONG));
        agent.expect(FrameType.FREEZE);
        agent.control(FrameType.ERROR, payload().u32(1001).string("a stream is open"));
        assertThatThrownBy(frozen::get)
                .hasRootCauseInstanceOf(MachineException.class)
                .hasRootCauseMessage("Machine 'm-1': cannot freeze: a stream is open (not possible in this state)");

        CompletableFuture<byte[]> read = Background.supply(() -> client.readFile("/no", 9));
        int number = agent.expect(FrameType.OPEN).stream();
        agent.stream(
                FrameType.STREAM_ERROR,
                0,
                number,
                payload().u32(2).string("cannot read /no").payload());
        assertThatThrownBy(read::get)
                .hasRootCauseMessage("Machine 'm-1': cannot read /no: there is no such file in the guest");

        CompletableFuture<GuestProcess> exec = Background.supply(() -> client.exec(TRUE));
        number = agent.expect(FrameType.OPEN).stream();
        agent.stream(
                FrameType.STREAM_ERROR,
                0,
                number,
                payload().u32(13).string("cannot execute \"true\"").payload());
        assertThatThrownBy(exec::get)
                .hasRootCauseMessage("Machine 'm-1': cannot execute [true]: cannot execute \"true\" (errno 13)");
        assertThat(exec()).isNotNull();
    }

    @Test
    void aMissedDeadlineNamesWhatWasAwaitedAndShowsTheConsole() {
        assertThatThrownBy(() -> client.awaitHello(Duration.ofMillis(20)))
                .isInstanceOf(MachineException.class)
                .hasMessage("Machine 'm-1': its agent did not mount its root file system and say HELLO within 20 ms."
                        + " The guest hangs or is starved of CPU time; allow more time if it is only slow\n"
                        + "The guest's console ends with:\nfirst line\nlast line");
    }

    @Test
    void aLateAnswerIsNotTakenForTheNextOne() throws Exception {
        assertThatThrownBy(() -> client.ping(Duration.ofMillis(20)))
                .hasMessageStartingWith("Machine 'm-1': its agent did not answer a ping within 20 ms");
        byte[] first = agent.expect(FrameType.PING).payload();
        CompletableFuture<Void> second = async(() -> client.ping(LONG));
        agent.control(FrameType.PONG, payload().bytes(first));
        Frame ping = agent.expect(FrameType.PING);
        assertThat(second).isNotDone();
        agent.control(FrameType.PONG, payload().bytes(ping.payload()));
        second.get();
    }

    @Test
    void aResultCountsOnce() throws Exception {
        GuestProcess process = exec();
        agent.stream(FrameType.RESULT, 0, 1, result(0, 3));
        agent.stream(FrameType.RESULT, 0, 1, result(1, 9));
        agent.stream(FrameType.DATA, 1, 1, new byte[70]);

        assertThat(process.waitFor(LONG).status()).isEqualTo(3);
        assertThat(process.stdout().readAllBytes()).isEmpty();
        assertThat(process.exit().get()).isEqualTo(process.waitFor(LONG));
        assertThat(exec()).as("the client goes on").isNotNull();
    }

    @Test
    void endsOnAHeaderThatBreaksARule() {
        agent.raw(FrameCodecTest.header(4, 0x22, 1, 0x1234, 1));
        assertEnded("a frame whose magic is 0x1234 instead of 0x4d53");
    }

    @Test
    void endsOnAFrameThatIsTooLong() {
        agent.raw(FrameCodecTest.header(65_537, 0x22, 1, 0x4D53, 1));
        assertEnded("a frame of 65537 bytes, where at most 65536 are allowed");
    }

    @Test
    void endsOnAnUnknownType() {
        agent.raw(FrameCodecTest.header(0, 0x2A, 0, 0x4D53, 1));
        assertEnded("a frame of the unknown type 0x2a");
    }

    @Test
    void endsOnATypeThatOnlyTheHostSends() {
        agent.stream(FrameType.RESET, 0, 1, new byte[0]);
        assertEnded("a frame of RESET, which only the host sends");
    }

    @Test
    void endsOnDataBeyondTheCredit() {
        GuestProcess process = exec();
        for (int sent = 0; sent < GuestClient.DEFAULT_WINDOW; sent += Frame.MAX_PAYLOAD) {
            agent.stream(FrameType.DATA, 1, 1, new byte[Frame.MAX_PAYLOAD]);
        }
        agent.stream(FrameType.DATA, 2, 1, new byte[1]);
        agent.stream(FrameType.DATA, 1, 1, new byte[1]);

        assertEnded("1 bytes of DATA where 0 were allowed (EXEC, stream 1)");
        assertThatThrownBy(() -> process.waitFor(LONG)).hasMessageContaining("1 bytes of DATA where 0 were allowed");
        assertThatThrownBy(() -> process.stdout().transferTo(java.io.OutputStream.nullOutputStream()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("1 bytes of DATA where 0 were allowed")
                .hasCauseInstanceOf(MachineException.class);
    }

    @Test
    void endsOnAStreamThatNeverWas() {
        agent.stream(FrameType.DATA, 1, 1, new byte[1]);
        assertEnded("a frame of DATA for the stream 1, which was never opened");
    }

    @Test
    void endsOnDataBeforeOpened() {
        CompletableFuture<GuestProcess> process = Background.supply(() -> client.exec(TRUE));
        agent.expect(FrameType.OPEN);
        agent.stream(FrameType.DATA, 1, 1, new byte[1]);
        assertEnded("DATA before OPENED (EXEC, stream 1)");
        assertThatThrownBy(process::get).hasRootCauseMessage("DATA before OPENED (EXEC, stream 1)");
    }

    @Test
    void endsOnFramesOutOfOrderWithinAStream() {
        exec();
        agent.stream(FrameType.EOF, 1, 1, new byte[0]);
        agent.stream(FrameType.DATA, 1, 1, new byte[1]);
        assertEnded("DATA after EOF (EXEC, stream 1)");
    }

    @Test
    void endsOnOpenedTwice() {
        exec();
        agent.stream(FrameType.OPENED, 0, 1, payload().u32(0).u32(1).payload());
        assertEnded("OPENED twice (EXEC, stream 1)");
    }

    @Test
    void endsOnDataOnTheHostsSubchannel() {
        exec();
        agent.stream(FrameType.DATA, 0, 1, new byte[1]);
        assertEnded("DATA on subchannel 0 (EXEC, stream 1)");
    }

    @Test
    void endsOnAWindowThatIsTooLarge() {
        exec();
        agent.stream(FrameType.CREDIT, 0, 1, payload().u32(0xFFFF_FFFFL).payload());
        assertEnded("CREDIT that makes a window of 4295229439 bytes (EXEC, stream 1)");
    }

    @Test
    void endsOnAPayloadOfTheWrongLength() {
        exec();
        agent.stream(FrameType.CREDIT, 0, 1, payload().u32(1).u8(0).payload());
        assertEnded("a payload of CREDIT that has 1 bytes too many (EXEC, stream 1)");
    }

    @Test
    void endsOnACountBomb() {
        agent.control(FrameType.HELLO, payload().u32(1).u32(0xFFFF_FFF0L).u32(7));
        assertEnded("a payload of HELLO that announces 4294967280 items where 4 bytes are left");
    }

    @Test
    void endsOnAnotherVersion() {
        agent.control(FrameType.HELLO, payload().u32(2).string("x").string("y"));
        assertEnded(
                "its agent speaks version 2 of the protocol, this library version 1; the two were not built together");
    }

    @Test
    void endsOnHelloTwice() {
        agent.control(FrameType.HELLO, payload().u32(1).string("x").string("y"));
        agent.control(FrameType.HELLO, payload().u32(1).string("x").string("y"));
        assertEnded("a HELLO that was not due");
    }

    @Test
    void endsOnAnAnswerThatNobodyAskedFor() {
        agent.control(FrameType.PARKED, payload());
        assertEnded("a frame of PARKED that nobody asked for");
    }

    @Test
    void endsOnTheWrongAnswer() {
        CompletableFuture<Void> ping = async(() -> client.ping(LONG));
        agent.expect(FrameType.PING);
        agent.control(FrameType.PARKED, payload());
        assertEnded("a frame of PARKED where PONG was due");
        assertThat(ping).failsWithin(LONG);
    }

    @Test
    void endsOnAPongThatDoesNotMatch() {
        CompletableFuture<Void> ping = async(() -> client.ping(LONG));
        agent.expect(FrameType.PING);
        agent.control(FrameType.PONG, payload().u64(0));
        assertThat(ping).failsWithin(LONG);
        assertEnded("a PONG that does not match its PING");
    }

    @Test
    void endsOnAResultThatCannotBeRead() {
        GuestProcess process = exec();
        agent.stream(FrameType.RESULT, 0, 1, new byte[] {0, 1});
        assertThatThrownBy(() -> process.waitFor(LONG))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("a payload of RESULT that ends 2 bytes too early");
        assertEnded("a payload of RESULT that ends 2 bytes too early");
    }

    @Test
    void endsOnAResultOfAnUnknownKind() {
        GuestProcess process = exec();
        agent.stream(FrameType.RESULT, 0, 1, result(3, 0));
        assertThatThrownBy(() -> process.waitFor(LONG))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("a RESULT of EXEC of the unknown kind 3");
        assertEnded("a RESULT of EXEC of the unknown kind 3");
    }

    @Test
    void endsOnAResultOfMoreCommandsThanWereAskedFor() {
        GuestProcess process = exec();
        FrameWriter two = payload().u32(2);
        for (int i = 0; i < 2; i++) {
            two.u8(0).u32(0).u64(1).u64(1).u64(0).u64(0);
        }
        agent.stream(FrameType.RESULT, 0, 1, two.payload());
        assertThatThrownBy(() -> process.waitFor(LONG))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("a RESULT of 2 commands, where 1 to 1 are due");
        assertEnded("a RESULT of 2 commands, where 1 to 1 are due");
    }

    @Test
    void aMachineThatIsHeldTakesFilesAndIsThawed() throws Exception {
        PipeChannel.Pair others = PipeChannel.pair();
        try (ScriptedAgent parked = new ScriptedAgent(others.far());
                GuestClient restored = GuestClient.restored(others.near(), "m-4", () -> "")) {
            Activation activation =
                    new Activation(2, new byte[Activation.ENTROPY_BYTES], Clock.systemUTC(), "box", Map.of());
            CompletableFuture<Void> resumed = async(() -> restored.resumeHeld(activation, LONG));
            byte[] resume = parked.expect(FrameType.RESUME).payload();
            assertThat(resume[resume.length - 1]).as("hold").isOne();
            parked.epoch(2);
            parked.control(FrameType.RESUMED, payload());
            resumed.get();

            CompletableFuture<Void> written =
                    async(() -> restored.writeFile("/f", new byte[1], GuestClient.KEEP_MODE, FileOwner.KEEP));
            int file = parked.acceptOpen(payload().u32(100));
            parked.expect(FrameType.DATA);
            parked.expect(FrameType.EOF);
            parked.stream(FrameType.RESULT, 0, file, payload().u64(1).payload());
            written.get();

            CompletableFuture<Void> thawed = async(() -> restored.thaw(LONG));
            assertThat(parked.expect(FrameType.THAW).payload()).isEmpty();
            parked.control(FrameType.THAWED, payload());
            thawed.get();
        }
    }

    @Test
    void endsOnAReplyThatIsTooLong() {
        CompletableFuture<GuestProcess> process = Background.supply(() -> client.exec(TRUE));
        agent.acceptOpen(payload().u32(0).u32(42).u8(0));
        assertThat(process).failsWithin(LONG);
        assertEnded("a payload of OPENED of 9 bytes, where 8 are due (EXEC, stream 1)");
    }

    @Test
    void theEndOfTheChannelIsToldToEverybody() {
        GuestProcess process = exec();
        CompletableFuture<Void> ping = async(() -> client.ping(LONG));
        CompletableFuture<ExecExit> exit = Background.supply(() -> process.waitFor(LONG));
        agent.expect(FrameType.PING);
        agent.close();

        String message =
                "Machine 'm-1': its agent has ended the connection: the guest has powered off, crashed or was ended\n"
                        + "The guest's console ends with:\nfirst line\nlast line";
        assertFailsWith(ping, message);
        assertFailsWith(exit, message);
        assertFailsWith(process.exit(), message);
        assertFailsWith(client.workloadExit(), message);
        assertThatThrownBy(() -> client.exec(TRUE))
                .isInstanceOf(MachineException.class)
                .hasMessage(message);
        assertThatThrownBy(() -> client.ping(LONG)).hasMessage(message);
        assertThatThrownBy(() -> client.awaitHello(LONG)).hasMessage(message);
    }

    @Test
    void theEndOfTheMachineAndTheWorkloadsLastWordsAreToldToo() throws IOException {
        PipeChannel.Pair ends = PipeChannel.pair();
        Witness witness = new Witness() {
            @Override
            public String console() {
                return "Kernel panic - not syncing";
            }

            @Override
            public String end() {
                return "QEMU exited with status 0";
            }
        };
        try (GuestClient followed = new GuestClient(ends.near(), "m-2", witness);
                ScriptedAgent other = new ScriptedAgent(ends.far())) {
            followed.followLog();
            int log = other.acceptOpen(payload().u32(0));
            for (int i = 0; i < 3; i++) {
                // more than a window, which nobody reads
                other.stream(FrameType.DATA, 1, log, new byte[50_000]);
                other.stream(FrameType.DATA, 2, log, "almost\u0007 done\n".getBytes(StandardCharsets.UTF_8));
            }
            other.expect(FrameType.CREDIT);
            CompletableFuture<Void> ping = async(() -> followed.ping(LONG));
            other.expect(FrameType.PING);
            ends.far().close();
            String end = "Machine 'm-2': its agent has ended the connection: the guest has powered off, crashed or was"
                    + " ended. QEMU exited with status 0\nThe workload's output ends with:\n";
            assertThatThrownBy(ping::get)
                    .cause()
                    .hasMessageStartingWith(end)
                    .hasMessageEndingWith("almost? done\nThe guest's console ends with:\nKernel panic - not syncing")
                    .hasNoCause();
        }
    }

    @Test
    void aGuestThatHasRunOutOfSomethingLeavesEvidence() {
        CompletableFuture<GuestProcess> exec = Background.supply(() -> client.exec(TRUE));
        int number = agent.expect(FrameType.OPEN).stream();
        agent.stream(
                FrameType.STREAM_ERROR,
                0,
                number,
                payload().u32(11).string("cannot fork").payload());
        assertThatThrownBy(exec::get)
                .hasRootCauseMessage("Machine 'm-1': cannot execute [true]: cannot fork (errno 11)\n"
                        + "The guest's console ends with:\nfirst line\nlast line");
    }

    @Test
    void theEndInTheMiddleOfAFrameIsSaid() {
        agent.raw(ByteBuffer.wrap(new byte[] {1, 0, 0}));
        agent.close();
        await().untilAsserted(() -> assertThatThrownBy(() -> client.ping(LONG))
                .hasMessageContaining("the connection to its agent ended in the middle of a frame"));
    }

    @Test
    void closingTellsEverybody() {
        GuestProcess process = exec();
        CompletableFuture<ExecExit> exit = Background.supply(() -> process.waitFor(LONG));
        client.close();
        client.close();
        assertThatThrownBy(exit::get)
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("the connection to its agent was closed here");
    }

    @Test
    void closingWithAReasonTellsIt() {
        GuestProcess process = exec();
        CompletableFuture<ExecExit> exit = Background.supply(() -> process.waitFor(LONG));
        client.close("it was reset");
        assertFailsWith(exit, "Machine 'm-1': it was reset");
        assertFailsWith(process.exit(), "Machine 'm-1': it was reset");
        assertThatThrownBy(() -> process.stdout().read()).hasMessage("Machine 'm-1': it was reset");
        assertThatThrownBy(() -> client.ping(LONG)).hasMessage("Machine 'm-1': it was reset");
    }

    @Test
    void onlyAnEndThatItsUserDidNotWantIsAFailure() {
        assertThat(client.hasFailed()).isFalse();
        agent.close();
        await().until(client::hasFailed);
        client.close();
        assertThat(client.hasFailed()).isTrue();

        PipeChannel.Pair others = PipeChannel.pair();
        try (ScriptedAgent other = new ScriptedAgent(others.far());
                GuestClient closed = GuestClient.restored(others.near(), "m-4", () -> "")) {
            closed.close("nobody needs it any more");
            agentSeesTheEnd(other);
            assertThat(closed.hasFailed()).isFalse();
        }
    }

    private static void agentSeesTheEnd(ScriptedAgent agent) {
        assertThatThrownBy(agent::next).hasMessage("the host has closed the channel");
    }

    private GuestProcess exec() {
        CompletableFuture<GuestProcess> process = Background.supply(() -> client.exec(TRUE));
        agent.acceptOpen(payload().u32(0).u32(42));
        return process.join();
    }

    private void resume(int epoch) throws Exception {
        CompletableFuture<Void> resumed = async(() -> client.resume(
                new Activation(epoch, new byte[Activation.ENTROPY_BYTES], Clock.systemUTC(), "box", Map.of()), LONG));
        agent.expect(FrameType.RESUME);
        agent.epoch(epoch);
        agent.control(FrameType.RESUMED, payload());
        resumed.get();
    }

    private void assertEnded(String violation) {
        await().untilAsserted(() -> assertThatThrownBy(() -> client.exec(TRUE))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("Machine 'm-1': its agent broke the protocol: " + violation)
                .hasMessageEndingWith("\nThe guest's console ends with:\nfirst line\nlast line"));
    }

    private static void assertFailsWith(CompletableFuture<?> future, String message) {
        assertThat(future)
                .failsWithin(LONG)
                .withThrowableOfType(ExecutionException.class)
                .havingCause()
                .isInstanceOf(MachineException.class)
                .withMessage(message);
    }

    static byte[] result(int kind, int status) {
        return payload().u32(1).u8(kind).u32(status).u64(1).u64(1).u64(0).u64(0).payload();
    }

    private static CompletableFuture<Void> async(Runnable action) {
        return Background.run(action);
    }
}
