package dev.supermachine.guest;

import static dev.supermachine.guest.HostedAgent.WAIT;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.MachineException;
import dev.supermachine.engine.Activation;
import dev.supermachine.testing.Background;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The client against the real agent, as a process of this host. */
@Timeout(120)
class HostedAgentTest extends WithHostedAgent {

    private static final int TEN_MIB = 10 * 1024 * 1024;
    private static final int SIGTERM = 15;
    private static final int SIGKILL = 9;

    @Test
    void greetsOnce() {
        Hello hello = client.awaitHello(WAIT);
        assertThat(client.awaitHello(WAIT)).isEqualTo(hello);
        assertThat(hello.version()).isEqualTo(1);
        assertThat(hello.build()).matches("[0-9a-f]{16}");
        assertThat(hello.kernel()).isNotEmpty();
        client.ping(WAIT);
    }

    @Test
    void executesWithEnvironmentDirectoryAndBothOutputs() throws IOException {
        ExecRequest request = ExecRequest.of("sh", "-c", "echo \"$GREETING from $PWD\"; echo oh >&2; exit 7")
                .withEnvironment(Map.of("GREETING", "grüß dich"))
                .withDirectory("/usr");
        try (GuestProcess process = client.exec(request)) {
            Output output = drain(process);
            ExecExit exit = process.waitFor(WAIT);

            assertThat(output.out()).isEqualTo("grüß dich from /usr\n");
            assertThat(output.err()).isEqualTo("oh\n");
            assertThat(exit.end()).isEqualTo(ExecExit.End.EXITED);
            assertThat(exit.status()).isEqualTo(7);
            assertThat(exit.succeeded()).isFalse();
            assertThat(exit.peakRssKib()).isPositive();
            assertThat(exit.duration()).isPositive();
            assertThat(process.pid()).isPositive();
        }
    }

    @Test
    void carriesTenMegabytesBothWays() throws Exception {
        byte[] sent = random(TEN_MIB);
        try (GuestProcess cat = client.exec(ExecRequest.of("cat").withStdin())) {
            CompletableFuture<Void> writing = Background.run(() -> writeAndClose(cat.stdin(), sent));

            byte[] received = cat.stdout().readAllBytes();

            assertThat(received).isEqualTo(sent);
            writing.get();
            assertThat(cat.waitFor(WAIT).succeeded()).isTrue();
            assertThat(cat.stderr().readAllBytes()).isEmpty();
        }
    }

    @Test
    void aCommandThatCannotBeExecutedIsNamed() {
        assertThatThrownBy(() -> client.exec(ExecRequest.of("no-such-command-here")))
                .isInstanceOf(MachineException.class)
                .hasMessageStartingWith("Machine 'hosted': cannot execute [no-such-command-here]: ")
                .hasMessageContaining("(errno 2)");
        assertThatThrownBy(() -> client.exec(ExecRequest.of("true").withUser("nobody-has-this-name")))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("nobody-has-this-name");
    }

    @Test
    void aTimeOutKillsTheProcessGroup() throws IOException {
        ExecRequest request =
                ExecRequest.of("sh", "-c", "echo begun; sleep 1000 & wait").withTimeout(Duration.ofMillis(300));
        try (GuestProcess process = client.exec(request)) {
            assertThat(drain(process).out()).isEqualTo("begun\n");
            assertThat(process.waitFor(WAIT).end()).isEqualTo(ExecExit.End.TIMED_OUT);
        }
    }

    @Test
    void aSignalReachesTheCommand() throws IOException {
        try (GuestProcess process = client.exec(ExecRequest.of(
                "sh", "-c", "trap 'echo caught; exit 3' TERM; echo ready; while :; do sleep 0.05; done"))) {
            assertThat(process.stdout().readNBytes(6)).isEqualTo("ready\n".getBytes(UTF_8));
            process.signal(SIGTERM);
            assertThat(drain(process).out()).isEqualTo("caught\n");
            assertThat(process.waitFor(WAIT).status()).isEqualTo(3);
        }
        try (GuestProcess process = client.exec(ExecRequest.of("sleep", "1000"))) {
            process.signal(SIGKILL);
            assertThat(process.waitFor(WAIT))
                    .extracting(ExecExit::end, ExecExit::status)
                    .containsExactly(ExecExit.End.KILLED, SIGKILL);
        }
    }

    @Test
    void closingAProcessKillsItAndTellsWhoWaits() {
        GuestProcess process = client.exec(ExecRequest.of("sleep", "1000"));
        CompletableFuture<ExecExit> exit = process.exit();
        process.close();
        assertThat(exit)
                .failsWithin(WAIT)
                .withThrowableOfType(ExecutionException.class)
                .havingCause()
                .withMessage("Machine 'hosted': the request to execute [sleep, 1000] was given up by the caller");
        client.ping(WAIT);
        org.awaitility.Awaitility.await()
                .untilAsserted(() -> assertThat(ProcessHandle.of(process.pid()).filter(ProcessHandle::isAlive))
                        .isEmpty());
    }

    @Test
    void aClosedOutputHoldsNobodyUp() throws IOException {
        try (GuestProcess process =
                client.exec(ExecRequest.of("sh", "-c", "head -c 5000000 /dev/zero; echo done >&2"))) {
            process.stdout().close();
            assertThat(process.stderr().readAllBytes()).isEqualTo("done\n".getBytes(UTF_8));
            assertThat(process.waitFor(WAIT).succeeded()).isTrue();
            assertThatThrownBy(() -> process.stdout().read())
                    .isInstanceOf(IOException.class)
                    .hasMessage("The stream is closed.");
        }
    }

    @Test
    void aTerminalHasItsSize() throws IOException {
        try (GuestProcess process =
                client.exec(ExecRequest.of("sh", "-c", "stty size; tty >&2").withTty(31, 97))) {
            assertThat(drain(process).out()).startsWith("31 97\r\n").contains("/dev/pts/");
            assertThat(process.waitFor(WAIT).succeeded()).isTrue();
        }
    }

    @Test
    void aSlowReaderStallsNobodyElse() throws IOException {
        try (GuestProcess unread = client.exec(ExecRequest.of("head", "-c", "3000000", "/dev/zero"));
                InputStream unreadFile = client.openFile(bigFile().toString())) {
            for (int i = 0; i < 20; i++) {
                try (GuestProcess echo = client.exec(ExecRequest.of("echo", "here " + i))) {
                    assertThat(drain(echo).out()).isEqualTo("here " + i + "\n");
                }
            }
            assertThat(client.readFile(directory.resolve("big").toString(), TEN_MIB))
                    .hasSize(TEN_MIB);

            assertThat(unread.exit()).isNotDone();
            assertThat(unread.stdout().readAllBytes()).hasSize(3_000_000);
            assertThat(unread.waitFor(WAIT).succeeded()).isTrue();
            assertThat(unreadFile.readAllBytes()).isEqualTo(Files.readAllBytes(directory.resolve("big")));
        }
    }

    @Test
    void connectsWithHalfCloseBothWays() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            CompletableFuture<byte[]> served = Background.supply(() -> serveOne(server));
            byte[] question = random(1_000_000);
            try (GuestConnection connection = client.connect(server.getLocalPort())) {
                CompletableFuture<Void> writing = Background.run(() -> writeAndClose(connection.output(), question));
                byte[] answer = connection.input().readAllBytes();

                assertThat(served.get()).isEqualTo(question);
                assertThat(answer).isEqualTo(question);
                writing.get();
            }
        }
    }

    @Test
    void aRefusedConnectionSaysSo() throws IOException {
        int port;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = closed.getLocalPort();
        }
        assertThatThrownBy(() -> client.connect(port))
                .isInstanceOf(MachineException.class)
                .hasMessageStartingWith("Machine 'hosted': cannot connect to the guest's port " + port + ": ")
                .hasMessageEndingWith("(errno 111)");
    }

    @Test
    void watchesForListenersWithoutHoldingUpTheCaller() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                ListenWatch there = client.watchListeners(List.of(server.getLocalPort()), WAIT)) {
            assertThat(there.await(WAIT)).isEqualTo(ListenState.LISTENING);
            assertThat(there.poll()).contains(ListenState.LISTENING);
            assertThat(there.poll()).as("asked again").contains(ListenState.LISTENING);
        }
        ListenWatch watch = client.watchListeners(List.of(1), WAIT);
        assertThat(watch.poll()).isEmpty();
        watch.close();
        assertThatThrownBy(watch::poll)
                .isInstanceOf(MachineException.class)
                .hasMessage("Machine 'hosted': the request to watch for listeners on [1] was given up by the caller");
    }

    @Test
    void comesToRest() {
        client.awaitRest(WAIT);
        client.freeze(WAIT);
    }

    @Test
    void whatHasComeIsReadWithoutWaitingForMore() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        try (GuestProcess cat = client.exec(ExecRequest.of("sh", "-c", "read x; echo got $x; echo oh >&2; read y")
                .withStdin())) {
            assertThat(cat.poll(Duration.ZERO, out, err)).isZero();
            assertThat(cat.poll(Duration.ofMillis(50), out, err)).isZero();
            cat.stdin().write("one\n".getBytes(UTF_8));
            int count = 0;
            while (count < "got one\noh\n".length()) {
                count += cat.poll(WAIT, out, err);
            }
            assertThat(cat.poll(Duration.ZERO, out, err)).isZero();
            cat.stdin().close();
            assertThat(cat.poll(WAIT, out, err)).isEqualTo(-1);
            assertThat(cat.poll(Duration.ZERO, out, err)).isEqualTo(-1);
        }
        assertThat(out).hasToString("got one\n");
        assertThat(err).hasToString("oh\n");
    }

    @Test
    void seesListeners() throws Exception {
        int port;
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            port = server.getLocalPort();
            assertThat(client.awaitListeners(List.of(port), WAIT, WAIT)).isEqualTo(ListenState.LISTENING);
        }
        assertThat(client.awaitListeners(List.of(port), Duration.ofMillis(50), WAIT))
                .isEqualTo(ListenState.TIMED_OUT);
    }

    @Test
    void runsAWorkloadAndKeepsItsOutput() throws Exception {
        configure("echo one; echo two >&2; read x < " + fifo() + "; echo $x; exit 5");
        assertThat(client.start(WAIT)).isPositive();
        assertThat(client.workloadExit()).isNotDone();
        try (GuestLog log = client.logs(true)) {
            assertThat(log.stdout().readNBytes(4)).isEqualTo("one\n".getBytes(UTF_8));
            Files.writeString(directory.resolve("fifo"), "three\n");
            assertThat(log.stdout().readAllBytes()).isEqualTo("three\n".getBytes(UTF_8));
            assertThat(log.stderr().readAllBytes()).isEqualTo("two\n".getBytes(UTF_8));
        }
        assertThat(client.workloadExit().get()).isEqualTo(new WorkloadExit(false, 5));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        try (GuestLog log = client.logs(false)) {
            assertThat(log.drain(out, err)).isZero();
        }
        assertThat(out).hasToString("one\nthree\n");
        assertThat(err).hasToString("two\n");
        assertThat(client.awaitListeners(List.of(1), WAIT, WAIT)).isEqualTo(ListenState.WORKLOAD_ENDED);
    }

    @Test
    void whatIsFollowedIsKnownWhenTheGuestIsGoneAndHindersNoFreeze() throws Exception {
        configure("echo one; echo two >&2; sleep 1000");
        client.start(WAIT);
        client.followLog();
        await().untilAsserted(() ->
                assertThat(client.link().evidence()).contains("one\n").contains("two\n"));
        client.freeze(WAIT);
        client.resume(new Activation(7, new byte[Activation.ENTROPY_BYTES], Clock.systemUTC(), "box", Map.of()), WAIT);
        client.followLog();
        await().untilAsserted(() ->
                assertThat(client.link().evidence()).contains("one\n").contains("two\n"));

        agent.process().destroyForcibly().waitFor();

        await().untilAsserted(() -> assertThatThrownBy(() -> client.ping(WAIT))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("its agent has ended the connection")
                .hasMessageContaining("The workload's output ends with:\n")
                .hasMessageContaining("one\n")
                .hasMessageContaining("two\n"));
        assertThat(client.evidence()).contains("one\n").contains("two\n");
    }

    @Test
    void stopsAWorkloadBySignal() throws Exception {
        configure("exec sleep 1000");
        client.start(WAIT);
        client.signalWorkload(SIGTERM);
        assertThat(client.workloadExit().get()).isEqualTo(new WorkloadExit(true, SIGTERM));
    }

    @Test
    void startBeforeConfigureIsRefusedAndTheClientGoesOn() throws Exception {
        assertThatThrownBy(() -> client.start(WAIT))
                .isInstanceOf(MachineException.class)
                .hasMessageStartingWith("Machine 'hosted': cannot start the workload: ")
                .hasMessageEndingWith("(not possible in this state)");
        client.ping(WAIT);
    }

    @Test
    void freezesAndResumesIntoNewEpochs() throws Exception {
        configure("exec sleep 1000");
        client.start(WAIT);
        for (int epoch = 1; epoch <= 5; epoch++) {
            GuestProcess open = client.exec(ExecRequest.of("sleep", "1000"));
            assertThatThrownBy(() -> client.freeze(WAIT))
                    .isInstanceOf(MachineException.class)
                    .hasMessage("Machine 'hosted': cannot freeze while 1 streams are open (to execute [sleep, 1000])."
                            + " Close them first");
            open.close();
            client.freeze(WAIT);
            assertThatThrownBy(() -> client.exec(ExecRequest.of("true")))
                    .hasMessage("Machine 'hosted': cannot execute [true]: the machine is frozen until it is resumed");

            client.resume(activation(epoch), WAIT);

            try (GuestProcess process = client.exec(ExecRequest.of("sh", "-c", "echo $RUN"))) {
                assertThat(drain(process).out()).isEqualTo("run " + epoch + "\n");
            }
        }
    }

    @Test
    void manyStreamsAtOnce() throws Exception {
        byte[] content = random(100_000);
        List<CompletableFuture<Void>> all = new ArrayList<>();
        var executor = java.util.concurrent.Executors.newFixedThreadPool(40);
        try {
            for (int i = 0; i < 200; i++) {
                int number = i;
                all.add(CompletableFuture.runAsync(() -> oneOfMany(number, content), executor));
            }
            CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get();
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void theLimitOfStreamsIsSaid() {
        List<GuestProcess> open = new ArrayList<>();
        for (int i = 0; i < Streams.MAX_OPEN; i++) {
            open.add(client.exec(ExecRequest.of("sleep", "1000")));
        }
        assertThatThrownBy(() -> client.exec(ExecRequest.of("true")))
                .hasMessage(
                        "Machine 'hosted': cannot execute [true]: 256 processes, files and connections are open at once,"
                                + " which is the limit. Close some first");
        open.forEach(GuestProcess::close);
        assertThat(client.exec(ExecRequest.of("true")).waitFor(WAIT).succeeded())
                .isTrue();
    }

    @Test
    void theEndOfTheAgentIsToldWithItsConsole() {
        GuestProcess process = client.exec(ExecRequest.of("sleep", "3"));
        agent.process().destroyForcibly();
        assertThatThrownBy(() -> process.waitFor(WAIT))
                .isInstanceOf(MachineException.class)
                .hasMessageStartingWith("Machine 'hosted': ")
                .hasMessageContaining("The guest's console");
    }

    private void oneOfMany(int number, byte[] content) {
        String path = directory.resolve("many-" + number).toString();
        client.writeFile(path, content, 0600, FileOwner.KEEP);
        try (GuestProcess process = client.exec(ExecRequest.of("cat", path))) {
            assertThat(process.stdout().readAllBytes()).isEqualTo(content);
            assertThat(process.waitFor(WAIT).succeeded()).isTrue();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        assertThat(client.readFile(path, content.length)).isEqualTo(content);
    }

    private void configure(String script) {
        client.configure(
                new WorkloadSpec(
                        List.of("sh", "-c", script), Map.of(), "", directory.toString(), SIGTERM, "box", Map.of()),
                WAIT);
    }

    private Path fifo() throws IOException, InterruptedException {
        Path fifo = directory.resolve("fifo");
        assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor())
                .isZero();
        return fifo;
    }

    private Path bigFile() throws IOException {
        return Files.write(directory.resolve("big"), random(TEN_MIB));
    }

    private static Activation activation(int epoch) {
        return new Activation(
                epoch, new byte[Activation.ENTROPY_BYTES], Clock.systemUTC(), "box", Map.of("RUN", "run " + epoch));
    }

    private record Output(String out, String err) {}

    private static Output drain(GuestProcess process) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        process.drain(out, err);
        return new Output(out.toString(UTF_8), err.toString(UTF_8));
    }

    private static byte[] random(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    private static void writeAndClose(OutputStream out, byte[] bytes) {
        try (out) {
            out.write(bytes);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Reads to the end, then answers with the same. */
    private static byte[] serveOne(ServerSocket server) {
        try (Socket socket = server.accept()) {
            byte[] question = socket.getInputStream().readAllBytes();
            socket.getOutputStream().write(question);
            socket.shutdownOutput();
            return question;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
