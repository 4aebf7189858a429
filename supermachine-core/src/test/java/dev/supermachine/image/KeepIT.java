package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.ExecProcess;
import dev.supermachine.MachineException;
import dev.supermachine.pool.KeptExec;
import dev.supermachine.pool.KeptMachine;
import dev.supermachine.settings.Settings;
import dev.supermachine.snapshot.SnapshotStore;
import dev.supermachine.testing.ChildJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Machines that stay when nobody holds them, each kept by a JVM of its own. */
@Timeout(300)
class KeepIT {

    private static final Duration LONG = Duration.ofMinutes(2);

    @Test
    void aKeptMachineStaysUntilItsJvmEnds() throws Exception {
        TestImages.redis();
        try (ChildJvm jvm = ChildJvm.start(KeepingJvm.class, "jvm")) {
            await().atMost(LONG).untilAsserted(() -> assertThat(jvm.lines()).contains("ready"));
            assertThat(jvm.lines()).contains("again: true", "still: kept", "next: nobody nobody");
            assertThat(value(jvm, "reset")).startsWith("The machine '" + value(jvm, "name") + "' is kept as it is");
            Path directory = Path.of(value(jvm, "directory"));
            long pid = Long.parseLong(value(jvm, "pid"));
            int port = Integer.parseInt(value(jvm, "port"));
            assertThat(value(jvm, "text"))
                    .startsWith(
                            "The machine '" + value(jvm, "name") + "' of the image 'test-redis' is kept: process " + pid
                                    + ", directory " + directory + ", console in " + directory.resolve("console")
                                    + ", port 6379 of the guest is 127.0.0.1:" + port
                                    + ". It runs until this JVM (process " + jvm.pid() + ") ends");

            assertThat(redis(port, "GET who")).isEqualTo(List.of("$4", "kept"));
            assertThat(directory.resolve("console")).content().contains("printed after it was kept");
            assertThat(Files.readAllLines(directory.resolve("machine")))
                    .contains(
                            "name=" + value(jvm, "name"),
                            "image=test-redis",
                            "memoryMib=256",
                            "pid=" + pid,
                            "jvm=" + jvm.pid(),
                            "port.6379=127.0.0.1:" + port);

            jvm.sendLine();
            assertThat(jvm.exitCode()).isZero();
            await().atMost(LONG).until(() -> ProcessHandle.of(pid).isEmpty() && !Files.exists(directory));
        }
    }

    @Test
    void aDetachedMachineOutlivesItsJvmUntilItIsEnded() throws Exception {
        TestImages.redis();
        try (ChildJvm jvm = ChildJvm.start(KeepingJvm.class, "detached")) {
            await().atMost(LONG).untilAsserted(() -> assertThat(jvm.lines()).contains("ready"));
            String name = value(jvm, "name");
            Path directory = Path.of(value(jvm, "directory"));
            String pid = value(jvm, "pid");
            int port = Integer.parseInt(value(jvm, "port"));
            assertThat(value(jvm, "text"))
                    .endsWith("It runs until it is ended by: bin/supermachine doctor --end " + name);
            ProcessHandle machine = ProcessHandle.of(Long.parseLong(pid)).orElseThrow();

            jvm.kill();

            assertThat(redis(port, "GET who")).isEqualTo(List.of("$4", "kept"));
            assertThat(machine.isAlive()).isTrue();
            assertThat(directory.resolve("console")).content().contains("printed after it was kept");
            KeptMachine kept = kept(pid).orElseThrow();
            assertThat(kept)
                    .extracting(
                            KeptMachine::name,
                            KeptMachine::image,
                            KeptMachine::memoryMib,
                            KeptMachine::jvm,
                            KeptMachine::directory,
                            KeptMachine::ports)
                    .containsExactly(
                            name, "test-redis", 256, Optional.empty(), directory, Map.of(6379, "127.0.0.1:" + port));
            assertThat(inKept(kept, "", "redis-cli", "get", "who")).isEqualTo("0: kept\n");
            assertThat(inKept(kept, "typed", "redis-cli", "-x", "echo")).isEqualTo("0: typed\n");
            assertThatThrownBy(() -> inKept(kept, "", "/no/such"))
                    .isInstanceOf(MachineException.class)
                    .hasMessageContaining("cannot execute [/no/such]");
            assertThat(ledger())
                    .contains("\"machine\": \"" + name + "\"")
                    .contains("\"pid\": " + keeper(directory).pid() + ",");

            assertThat(kept.end()).isTrue();

            await().atMost(LONG).until(() -> !runs(machine.pid()) && !Files.exists(directory));
            assertThat(kept(pid)).isEmpty();
        }
    }

    @Test
    void aDetachedMachineEndsWithItsKeeper() throws Exception {
        TestImages.redis();
        try (ChildJvm jvm = ChildJvm.start(KeepingJvm.class, "detached")) {
            await().atMost(LONG).untilAsserted(() -> assertThat(jvm.lines()).contains("ready"));
            ProcessHandle machine =
                    ProcessHandle.of(Long.parseLong(value(jvm, "pid"))).orElseThrow();
            jvm.sendLine();
            assertThat(jvm.exitCode()).isZero();
            assertThat(machine.isAlive()).isTrue();

            keeper(Path.of(value(jvm, "directory"))).destroyForcibly();

            await().atMost(LONG).until(() -> !runs(machine.pid()));
        }
    }

    @Test
    void aMachineThatCouldBeDetachedButIsNotEndsWithItsJvm() throws Exception {
        TestImages.redis();
        try (ChildJvm jvm = ChildJvm.start(KeepingJvm.class, "detached", "hold")) {
            await().atMost(LONG).untilAsserted(() -> assertThat(jvm.lines()).contains("ready"));
            List<Long> children = jvm.lines().stream()
                    .filter(line -> line.startsWith("child: "))
                    .map(line -> Long.parseLong(line.substring("child: ".length())))
                    .toList();
            assertThat(children).as("supervisor, machine and watch").hasSizeGreaterThanOrEqualTo(3);

            jvm.kill();

            await().atMost(LONG).until(() -> children.stream().noneMatch(KeepIT::runs));
        }
    }

    /** A killed process may stay a zombie where nobody reaps; its command is empty then. */
    private static boolean runs(long pid) {
        return ProcessHandle.of(pid)
                .filter(process -> process.isAlive() && process.info().command().isPresent())
                .isPresent();
    }

    private static ProcessHandle keeper(Path directory) {
        return ProcessHandle.allProcesses()
                .filter(process -> process.info()
                        .arguments()
                        .map(List::of)
                        .filter(arguments -> arguments.contains(directory.toString())
                                && arguments.contains("dev.supermachine.pool.Keeper"))
                        .isPresent())
                .findFirst()
                .orElseThrow();
    }

    private static String ledger() throws IOException {
        return Files.readString(
                SnapshotStore.of(Settings.system()).ledgerDirectory().resolve("ledger"));
    }

    private static Optional<KeptMachine> kept(String pid) {
        return KeptMachine.all().stream()
                .filter(machine -> String.valueOf(machine.pid()).equals(pid))
                .findFirst();
    }

    /** The status and the output of a command in a machine that another process keeps. */
    private static String inKept(KeptMachine machine, String input, String... argv) throws IOException {
        KeptExec command = new KeptExec(List.of(argv), Map.of(), "", "", 0, 0);
        try (ExecProcess process = machine.exec(command)) {
            try (OutputStream stdin = process.stdin()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            }
            String output = new String(process.stdout().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor(LONG).orElseThrow().exitStatus() + ": " + output;
        }
    }

    private static String value(ChildJvm jvm, String key) {
        return jvm.lines().stream()
                .filter(line -> line.startsWith(key + ": "))
                .findFirst()
                .orElseThrow(() -> new AssertionError("The child printed no " + key + ", but " + jvm.lines()))
                .substring(key.length() + 2);
    }

    /** The two lines that answer a command in Redis' inline form. */
    private static List<String> redis(int port, String command) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
                BufferedReader answers =
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
            return List.of(answers.readLine(), answers.readLine());
        }
    }
}
