package dev.supermachine.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.linux.FileLock;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ten JVMs ask for the same kernel on an empty cache. */
class GuestKernelProcessesTest {

    private static final int PROCESSES = 10;

    @TempDir
    private Path directory;

    /** One of the JVMs: says that it is about to ask, asks, and leaves the inode of what it got. */
    static final class Asking {

        private Asking() {}

        public static void main(String[] arguments) throws IOException {
            Path jar = Path.of(arguments[0]);
            Path cache = Path.of(arguments[1]);
            Path answer = Path.of(arguments[2]);
            GuestKernel kernel = GuestKernel.locate(cache, SampleKernel.loader(jar), null);
            Files.createFile(answer.resolveSibling(answer.getFileName() + ".asking"));
            Object inode = Files.getAttribute(kernel.vmlinux(), "unix:ino");
            Files.writeString(answer, inode.toString());
        }
    }

    @Test
    void unpackItOnce() throws IOException, InterruptedException {
        SampleKernel sample = new SampleKernel(directory.resolve("jar"));
        Path cache = directory.resolve("cache");
        Path elsewhere = sample.locate(directory.resolve("elsewhere")).vmlinux();
        Path vmlinux = cache.resolve(directory.resolve("elsewhere").relativize(elsewhere));
        Files.createDirectories(vmlinux.resolveSibling(""));

        List<Process> processes = new ArrayList<>();
        try {
            // Nobody gets any further until all of them have asked.
            try (FileLock lock = FileLock.exclusive(vmlinux.resolveSibling("vmlinux.lock"))) {
                for (int i = 0; i < PROCESSES; i++) {
                    processes.add(start(cache, directory.resolve("answer" + i)));
                }
                await("all processes ask")
                        .atMost(Duration.ofSeconds(60))
                        .untilAsserted(() -> assertThat(directory.toFile().list((at, name) -> name.endsWith(".asking")))
                                .hasSize(PROCESSES));
                assertThat(vmlinux).as("made while %s was held", lock.path()).doesNotExist();
            }
            for (Process process : processes) {
                assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
                assertThat(process.exitValue()).isZero();
            }
        } finally {
            processes.forEach(Process::destroyForcibly);
        }

        String inode = Files.getAttribute(vmlinux, "unix:ino").toString();
        for (int i = 0; i < PROCESSES; i++) {
            assertThat(directory.resolve("answer" + i)).hasContent(inode);
        }
        assertThat(vmlinux).hasBinaryContent(sample.vmlinux);
    }

    private Process start(Path cache, Path answer) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path", "."),
                        Asking.class.getName(),
                        directory.resolve("jar").toString(),
                        cache.toString(),
                        answer.toString())
                .redirectErrorStream(true)
                .redirectOutput(new File(answer + ".log"))
                .start();
    }
}
