package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.ExecProcess;
import dev.supermachine.ExecResult;
import dev.supermachine.Image;
import dev.supermachine.MachineException;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a holder can do with a machine, on a real one. */
@Tag("smoke")
class VmIT {

    private final Image image = TestImages.redis();
    private Vm vm;

    @BeforeEach
    void start() {
        vm = image.start(VmConfig.defaults().withHostName("tested").withEnv("COLOUR", "blue"));
    }

    @AfterEach
    void end() {
        vm.close();
    }

    @Test
    void executesACommandAsTheImageSays() {
        ExecResult result = vm.exec("sh", "-c", "echo out; echo err >&2; exit 3");

        assertThat(result.exitStatus()).as("%s", result).isEqualTo(3);
        assertThat(result.stdoutText()).isEqualTo("out\n");
        assertThat(result.stderrText()).isEqualTo("err\n");
        assertThat(result.peakRssKib()).isPositive();
        assertThat(result.duration()).isPositive();
        assertThat(result.success()).isFalse();
    }

    @Test
    void takesEnvironmentDirectoryUserAndInputFromTheBuilder() {
        ExecResult result = vm.command("sh", "-c", "echo $SHAPE $COLOUR; pwd; id -u; cat")
                .env("SHAPE", "round")
                .cwd("/usr/share")
                .user("nobody")
                .stdin("from the test")
                .output();

        assertThat(result.stdoutText()).as("%s", result).isEqualTo("round blue\n/usr/share\n65534\nfrom the test");
    }

    @Test
    void aMachinesOwnEnvironmentAndHostNameAreThere() {
        assertThat(vm.exec("sh", "-c", "echo $COLOUR; hostname").stdoutText()).isEqualTo("blue\ntested\n");
    }

    @Test
    void aTimeoutEndsTheWholeProcessGroupAndLeavesTheMachineUsable() {
        ExecResult result = vm.command("sh", "-c", "sleep 1000 & echo started; wait")
                .timeout(Duration.ofSeconds(1))
                .output();

        assertThat(result.timedOut()).as("%s", result).isTrue();
        assertThat(result.exitStatus()).isEqualTo(124);
        assertThat(result.stdoutText()).isEqualTo("started\n");
        assertThat(vm.exec("sh", "-c", "grep -l sleep /proc/[0-9]*/comm 2>/dev/null | wc -l")
                        .stdoutText())
                .isEqualTo("0\n");
    }

    @Test
    void aCommandThatDoesNotExistIsNamed() {
        assertThatThrownBy(() -> vm.exec("no-such-program"))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("no-such-program")
                .hasMessageContaining(vm.name());
    }

    @Test
    void moreInputAndOutputThanAnyBufferHolds() {
        byte[] bytes = new byte[5_000_000];
        new Random(1).nextBytes(bytes);

        ExecResult result = vm.command("cat").stdin(bytes).output();

        assertThat(result.stdout()).isEqualTo(bytes);
    }

    @Test
    void aSpawnedCommandStreams() throws IOException {
        try (ExecProcess process = vm.command("cat").spawn();
                BufferedReader lines =
                        new BufferedReader(new InputStreamReader(process.stdout(), StandardCharsets.UTF_8))) {
            OutputStream stdin = process.stdin();
            stdin.write("one\n".getBytes(StandardCharsets.UTF_8));
            stdin.flush();
            assertThat(lines.readLine()).isEqualTo("one");
            assertThat(process.waitFor(Duration.ofMillis(1))).isEmpty();
            stdin.close();
            assertThat(process.waitFor(Duration.ofSeconds(30)))
                    .hasValueSatisfying(end -> assertThat(end.exitStatus()).isZero());
        }
    }

    @Test
    void aSpawnedCommandTakesSignals() {
        try (ExecProcess process = vm.command("sleep", "1000").spawn()) {
            process.signal(15);
            assertThat(process.waitFor(Duration.ofSeconds(30)))
                    .hasValueSatisfying(end -> assertThat(end.exitStatus()).isEqualTo(128 + 15));
        }
    }

    @Test
    void aTerminalIsATerminal() {
        ExecResult result =
                vm.command("sh", "-c", "tty && stty size").tty(40, 132).output();

        assertThat(result.stdoutText()).as("%s", result).contains("/dev/pts/").contains("40 132");
    }

    @Test
    void filesGoInAndOut() {
        byte[] bytes = new byte[3_000_000];
        new Random(2).nextBytes(bytes);

        vm.writeFile("/srv/new/directory/file", bytes);

        assertThat(vm.readFile("/srv/new/directory/file")).isEqualTo(bytes);
        assertThat(vm.exec("stat", "-c", "%u %a", "/srv/new/directory/file").stdoutText())
                .isEqualTo("0 644\n");
        assertThatThrownBy(() -> vm.readFile("/srv/missing"))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("/srv/missing");
    }

    @Test
    void directoriesGoInAndOut(@TempDir Path directory) throws IOException {
        Path source = directory.resolve("source");
        Files.createDirectories(source.resolve("deep/er"));
        Files.writeString(source.resolve("deep/er/file"), "content");
        Files.createSymbolicLink(source.resolve("link"), Path.of("deep/er/file"));
        assertThat(source.resolve("deep/er/file").toFile().setExecutable(true, false))
                .isTrue();

        vm.copyIn(source, "/srv/copy");
        assertThat(vm.exec("sh", "-c", "cat /srv/copy/link && test -x /srv/copy/deep/er/file && echo !")
                        .stdoutText())
                .isEqualTo("content!\n");

        Path target = directory.resolve("target");
        vm.copyOut("/srv/copy", target);
        assertThat(target.resolve("deep/er/file")).hasContent("content").isExecutable();
        assertThat(Files.readSymbolicLink(target.resolve("link"))).isEqualTo(Path.of("deep/er/file"));
    }

    @Test
    void aMappedPortReachesTheGuestAndStaysOverResets() throws IOException {
        int port = vm.mappedPort(6379);
        assertThat(redis(port, "SET key value")).isEqualTo("+OK");
        assertThat(redis(port, "DBSIZE")).isEqualTo(":1");

        vm.reset();

        assertThat(vm.mappedPort(6379)).isEqualTo(port);
        assertThat(redis(port, "DBSIZE")).isEqualTo(":0");
    }

    @Test
    void aConnectionOfTheMachineBeforeIsClosedByAReset() throws IOException {
        try (Socket socket = new Socket(vm.host(), vm.mappedPort(6379))) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.UTF_8));
            assertThat(new String(socket.getInputStream().readNBytes(5), StandardCharsets.UTF_8))
                    .isEqualTo("+PONG");
            vm.reset();
            assertThat(endOf(socket)).isTrue();
        }
    }

    @Test
    void aResetLeavesNothing() {
        vm.writeFile("/etc/mark", "here");
        vm.command("sh", "-c", "sleep 1000 </dev/null >/dev/null 2>&1 &").output();

        vm.reset();

        assertThat(vm.exec("test", "-e", "/etc/mark").exitStatus()).isOne();
        assertThat(vm.exec("sh", "-c", "grep -l sleep /proc/[0-9]*/comm 2>/dev/null | wc -l")
                        .stdoutText())
                .isEqualTo("0\n");
        assertThat(vm.exec("hostname").stdoutText()).isEqualTo("tested\n");
    }

    @Test
    void theOutsideIsRefusedAtOnce() {
        ExecResult result = vm.exec("bash", "-c", "exec 3<>/dev/tcp/192.0.2.1/80");

        assertThat(result.success()).isFalse();
        assertThat(result.stderrText()).contains("Network is unreachable");
        assertThat(result.duration()).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void logsAndConsoleCanBeRead() {
        // the capture is taken when Redis listens, which is before it says so
        await().until(vm::logs, text -> text.contains("Ready to accept connections"));
        assertThat(vm.console()).isNotNull();
    }

    @Test
    void whatWasGivenUpSaysSo() {
        ExecProcess process = vm.command("sleep", "1000").spawn();
        vm.close();

        assertThatThrownBy(() -> vm.exec("true"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("was given up");
        assertThatThrownBy(() -> vm.mappedPort(6379)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> process.waitFor(Duration.ofSeconds(30))).isInstanceOf(MachineException.class);
    }

    @Test
    void memoryAndCpusOtherThanThoseBakedAreRefused() {
        assertThatThrownBy(() -> image.start(VmConfig.defaults().withMemoryMib(1024)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("256 MiB")
                .hasMessageContaining("1024 MiB");
        assertThatThrownBy(() -> image.start(VmConfig.defaults().withVcpus(2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("vCPUs");
    }

    private String redis(int port, String command) throws IOException {
        try (Socket socket = new Socket(vm.host(), port);
                BufferedReader answers =
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
            socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
            return answers.readLine();
        }
    }

    private static boolean endOf(Socket socket) {
        try {
            return socket.getInputStream().readAllBytes().length <= 2;
        } catch (IOException e) {
            return true;
        }
    }
}
