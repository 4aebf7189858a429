package dev.supermachine.guest;

import static dev.supermachine.guest.HostedAgent.WAIT;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.GuestFile;
import dev.supermachine.MachineException;
import dev.supermachine.engine.Activation;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files before commands, chains, terminals and signals, with the real agent as a process of this host. */
@Timeout(120)
class HostedExecTest extends WithHostedAgent {

    private static final int SIGTERM = 15;
    private static final int SIGKILL = 9;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145, 9_000_001})
    void aFileIsThereBeforeItsCommand(int size) throws IOException {
        byte[] content = random(size);
        Path path = directory.resolve("new/below/file");
        ExecRequest request = ExecRequest.of("cat", path.toString(), "-")
                .withFiles(List.of(GuestFile.of(path.toString(), content, 0640)))
                .withStdin();
        try (GuestProcess process = client.exec(request)) {
            process.stdin().write("and its input".getBytes(UTF_8));
            process.stdin().close();
            ByteArrayOutputStream expected = new ByteArrayOutputStream();
            expected.write(content);
            expected.write("and its input".getBytes(UTF_8));
            assertThat(process.stdout().readAllBytes()).isEqualTo(expected.toByteArray());
            assertThat(process.waitFor(WAIT).succeeded()).isTrue();
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                .isEqualTo("rw-r-----");
    }

    @Test
    void severalFilesOneOfThemExecutable() throws IOException {
        String script = directory.resolve("bin/run").toString();
        String empty = directory.resolve("empty").toString();
        String words = directory.resolve("words").toString();
        Files.writeString(directory.resolve("words"), "longer than what replaces it");
        Files.setPosixFilePermissions(directory.resolve("words"), PosixFilePermissions.fromString("rw-------"));
        ExecRequest request = ExecRequest.of(script)
                .withFiles(List.of(
                        GuestFile.of(empty, new byte[0]),
                        GuestFile.of(
                                script,
                                ("#!/bin/sh\ncat " + words + "; stat -c %a:%s " + empty + " " + words).getBytes(UTF_8),
                                0755),
                        GuestFile.of(words, "short\n".getBytes(UTF_8))));
        try (GuestProcess process = client.exec(request)) {
            assertThat(drain(process).out()).isEqualTo("short\n644:0\n600:6\n");
            assertThat(process.waitFor(WAIT).succeeded()).isTrue();
        }
    }

    @Test
    void aFileThatCannotBeWrittenIsNamedAndNothingIsRun() throws IOException {
        Path mark = directory.resolve("mark");
        Files.writeString(directory.resolve("plain"), "");
        for (String path :
                List.of(directory.toString(), directory.resolve("plain/below").toString())) {
            ExecRequest request =
                    ExecRequest.of("touch", mark.toString()).withFiles(List.of(GuestFile.of(path, random(3_000_000))));
            assertThatThrownBy(() -> client.exec(request))
                    .isInstanceOf(MachineException.class)
                    .hasMessageStartingWith("Machine 'hosted': cannot execute [touch, " + mark + "]: cannot ")
                    .hasMessageContaining(path);
        }
        assertThat(mark).doesNotExist();
        client.ping(WAIT);
    }

    @Test
    void aChainTellsTheOutcomeOfEachCommand() throws IOException {
        ExecRequest request = ExecRequest.of("sh", "-c", "echo one; echo first >&2")
                .withCommand("sh", "-c", "echo $A; pwd")
                .withCommand("sh", "-c", "echo three; exit 4")
                .withCommand("echo", "never")
                .withEnvironment(Map.of("A", "same"))
                .withDirectory("/usr");
        try (GuestProcess process = client.exec(request)) {
            Output output = drain(process);
            assertThat(output.out()).isEqualTo("one\nsame\n/usr\nthree\n");
            assertThat(output.err()).isEqualTo("first\n");
            List<ExecExit> exits = process.exits().join();
            assertThat(exits).extracting(ExecExit::status).containsExactly(0, 0, 4);
            assertThat(exits).extracting(ExecExit::stdoutBytes).containsExactly(4L, 10L, 6L);
            assertThat(exits).extracting(ExecExit::stderrBytes).containsExactly(6L, 0L, 0L);
            assertThat(exits).allSatisfy(exit -> assertThat(exit.peakRssKib()).isPositive());
            assertThat(process.waitFor(WAIT).status()).isEqualTo(4);
        }
    }

    @Test
    void aChainSharesItsInput() throws IOException {
        ExecRequest request = ExecRequest.of("sh", "-c", "read line; echo \"a $line\"")
                .withCommand("cat")
                .withStdin();
        try (GuestProcess process = client.exec(request)) {
            process.stdin().write("one\ntwo\nthree\n".getBytes(UTF_8));
            process.stdin().close();
            assertThat(drain(process).out()).isEqualTo("a one\ntwo\nthree\n");
            assertThat(process.waitFor(WAIT).succeeded()).isTrue();
        }
    }

    @Test
    void aChainWithMoreOutputThanAnyWindowHolds() throws IOException {
        ExecRequest request = ExecRequest.of("head", "-c", "1000000", "/dev/zero")
                .withCommand("sh", "-c", "head -c 500000 /dev/zero; head -c 700000 /dev/zero >&2");
        try (GuestProcess process = client.exec(request)) {
            Output output = drain(process);
            assertThat(output.out()).hasSize(1_500_000);
            assertThat(output.err()).hasSize(700_000);
            assertThat(process.exits().join()).extracting(ExecExit::stdoutBytes).containsExactly(1_000_000L, 500_000L);
        }
    }

    @Test
    void aCommandOfAChainThatCannotBeExecutedIsNamed() throws IOException {
        ExecRequest request = ExecRequest.of("echo", "ran").withCommand("no-such-command-here");
        try (GuestProcess process = client.exec(request)) {
            assertThatThrownBy(() -> process.waitFor(WAIT))
                    .isInstanceOf(MachineException.class)
                    .hasMessage("Machine 'hosted': cannot execute [echo, ran] and 1 more: cannot execute"
                            + " \"no-such-command-here\": not found in PATH (errno 2)");
        }
    }

    @Test
    void theTimeOfAChainIsThatOfAllItsCommands() {
        ExecRequest request = ExecRequest.of("sleep", "0.2")
                .withCommand("sh", "-c", "sleep 1000 & wait")
                .withCommand("true")
                .withTimeout(Duration.ofMillis(600));
        try (GuestProcess process = client.exec(request)) {
            assertThat(process.exits().join())
                    .extracting(ExecExit::end)
                    .containsExactly(ExecExit.End.EXITED, ExecExit.End.TIMED_OUT);
        }
    }

    @Test
    void aTerminalThatIsResizedTellsItsProgram() throws IOException {
        ExecRequest request = ExecRequest.of(
                        "sh", "-c", "trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.05; done")
                .withTty(24, 80);
        try (GuestProcess process = client.exec(request)) {
            assertThat(process.stdout().readNBytes(7)).isEqualTo("ready\r\n".getBytes(UTF_8));
            process.resize(50, 133);
            assertThat(drain(process).out()).isEqualTo("50 133\r\n");
            assertThat(process.waitFor(WAIT).succeeded()).isTrue();
            process.resize(1, 1);
        }
    }

    @Test
    void whatHasNoTerminalCannotBeResized() {
        try (GuestProcess process = client.exec(ExecRequest.of("true"))) {
            assertThatThrownBy(() -> process.resize(24, 80))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("The command [true] has no terminal that could be resized; ask for one with tty().");
        }
        try (GuestProcess process = client.exec(ExecRequest.of("true").withTty(24, 80))) {
            assertThatThrownBy(() -> process.resize(0, 80))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("A terminal has 1 to 65535 rows and columns, but was: 0 rows, 80 columns");
        }
    }

    @Test
    void aSignalReachesTheWholeGroup() throws IOException {
        try (GuestProcess process =
                client.exec(ExecRequest.of("sh", "-c", "sleep 1000 & echo $!; sleep 1000 & echo $!; wait"))) {
            List<Long> children = List.of(Long.parseLong(line(process)), Long.parseLong(line(process)));
            process.signal(SIGTERM);
            assertThat(process.waitFor(WAIT).status()).isEqualTo(SIGTERM);
            await().untilAsserted(() -> assertThat(children)
                    .allSatisfy(pid -> assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive))
                            .isEmpty()));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 65})
    void aSignalThatDoesNotExistIsRefused(int number) {
        try (GuestProcess process = client.exec(ExecRequest.of("sleep", "1000"))) {
            assertThatThrownBy(() -> process.signal(number))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("A signal is a number from 1 to 64, but was: " + number);
            process.signal(SIGKILL);
            assertThat(process.waitFor(WAIT).end()).isEqualTo(ExecExit.End.KILLED);
        }
    }

    @Test
    void theLogOfARunBeginsWithItsResume() throws Exception {
        client.configure(
                new WorkloadSpec(
                        List.of(
                                "sh",
                                "-c",
                                "echo before; while :; do test -e go && break; sleep 0.05; done; echo after"),
                        Map.of(),
                        "",
                        directory.toString(),
                        SIGTERM,
                        "box",
                        Map.of()),
                WAIT);
        client.start(WAIT);
        await().until(client::logText, "before\n"::equals);
        client.freeze(WAIT);
        client.resumeHeld(
                new Activation(7, new byte[Activation.ENTROPY_BYTES], Clock.systemUTC(), "box", Map.of()), WAIT);
        assertThatThrownBy(() -> client.exec(ExecRequest.of("true")))
                .hasMessage("Machine 'hosted': cannot execute [true]: OPEN of EXEC while the guest is held"
                        + " (not possible in this state)");
        client.writeFile(directory.resolve("go").toString(), new byte[0], GuestClient.KEEP_MODE, FileOwner.KEEP);
        client.thaw(WAIT);

        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GuestLog log = client.logsOfRun()) {
            assertThat(log.drain(out, out)).isZero();
        }
        assertThat(out.toString(UTF_8)).isEqualTo("after\n");
    }

    private record Output(String out, String err) {}

    private static Output drain(GuestProcess process) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        process.drain(out, err);
        return new Output(out.toString(UTF_8), err.toString(UTF_8));
    }

    private static String line(GuestProcess process) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = process.stdout().read();
                next != '\n';
                next = process.stdout().read()) {
            line.write(next);
        }
        return line.toString(UTF_8);
    }

    private static byte[] random(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }
}
