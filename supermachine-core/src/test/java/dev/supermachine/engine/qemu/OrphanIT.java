package dev.supermachine.engine.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.engine.ContractGuest;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.PrivateDirectories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** No QEMU outlives the JVM that started it. */
@Timeout(120)
class OrphanIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    private Path temporary;

    @Test
    void processesOfAKilledJvmEndAndItsDirectoryIsSwept() throws IOException, InterruptedException {
        Path snapshot = Files.createDirectory(temporary.resolve("snapshot"));
        try (Machine machine =
                new QemuTcgHypervisor().boot(ContractGuest.instance().spec(snapshot, 1))) {
            assertThat(ContractGuest.ask(machine, "PING")).isEqualTo("PONG");
            machine.capture(snapshot);
        }
        Path base = Files.createDirectory(temporary.resolve("tmp"));
        Path pids = temporary.resolve("pids");
        Process jvm = startJvm(snapshot, base, pids);
        try {
            await().atMost(SOON).until(() -> Files.exists(pids) || !jvm.isAlive());
            assertThat(pids).as(Files.readString(temporary.resolve("output"))).exists();
            List<ProcessHandle> machines = Stream.of(Files.readString(pids).split(" "))
                    .map(pid -> ProcessHandle.of(Long.parseLong(pid)).orElseThrow())
                    .toList();
            assertThat(machines).hasSize(2).allMatch(ProcessHandle::isAlive);
            Path ofUser = base.resolve("supermachine-" + Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
            assertThat(directories(ofUser)).hasSize(1);

            jvm.destroyForcibly();

            await().atMost(SOON).until(() -> machines.stream().noneMatch(OrphanIT::runs));
            assertThat(directories(ofUser)).as("a killed JVM cannot tidy up").hasSize(1);
            Path left = directories(ofUser).get(0);
            PrivateDirectories.open(base);
            assertThat(left).doesNotExist();
        } finally {
            jvm.destroyForcibly();
        }
    }

    /** What remains of a JVM that dies before its child has asked for the signal: sockets that nobody listens at. */
    @Test
    void processWithoutItsJvmEndsByItself() throws IOException, InterruptedException {
        Path memory = Files.createDirectory(temporary.resolve("memory"));
        Files.write(memory.resolve("ram"), new byte[ContractGuest.MEMORY_MIB << 20]);
        Path sockets = Files.createDirectory(temporary.resolve("sockets"));
        TimedSocket.listen(sockets.resolve(QemuCommand.MONITOR_SOCKET)).close();
        Path errors = temporary.resolve("errors");
        Process process = Spawner.instance()
                .start(
                        new QemuCommand(QemuBinary.find(), Accelerator.TCG, sockets)
                                .restore(ContractGuest.instance().source("alone", memory, 1), QemuDisks.NONE),
                        errors);
        try {
            assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(1);
            assertThat(Files.readString(errors)).contains("Connection refused");
        } finally {
            process.destroyForcibly();
        }
    }

    private Process startJvm(Path snapshot, Path base, Path pids) throws IOException {
        Path memory = Files.createDirectory(temporary.resolve("memory"));
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "-Djava.io.tmpdir=" + base,
                        OrphanMain.class.getName(),
                        snapshot.toString(),
                        memory.toString(),
                        pids.toString())
                .redirectErrorStream(true)
                .redirectOutput(temporary.resolve("output").toFile());
        builder.environment().remove("XDG_RUNTIME_DIR");
        return builder.start();
    }

    /** A killed process whose parent is gone too may stay a zombie where nobody reaps; its command line is empty then. */
    private static boolean runs(ProcessHandle process) {
        return process.isAlive() && process.info().command().isPresent();
    }

    private static List<Path> directories(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(Files::isDirectory).toList();
        }
    }
}
