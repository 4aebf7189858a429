package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many JVMs that want the same snapshot of an empty store at once: one bakes, the others wait for it and say so. */
class ConcurrentBakeIT {

    private static final int JVMS = TestImages.count("jvms", 10);
    private static final long MINUTES = 8;

    @Test
    void oneOfManyBakes(@TempDir Path directory) throws IOException, InterruptedException {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < JVMS; i++) {
            processes.add(new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx96m",
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            ChildJvm.class.getName(),
                            TestImages.reference("debian-busybox"),
                            directory.resolve("snapshots").toString())
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve(i + ".out").toFile())
                    .start());
        }
        try {
            for (Process process : processes) {
                assertThat(process.waitFor(MINUTES, TimeUnit.MINUTES)).isTrue();
            }
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
        int baked = 0;
        int waited = 0;
        for (int i = 0; i < JVMS; i++) {
            String output = Files.readString(directory.resolve(i + ".out"), StandardCharsets.UTF_8);
            assertThat(processes.get(i).exitValue()).as(output).isZero();
            assertThat(output).contains("answer: 42");
            baked += output.contains("baked: true") ? 1 : 0;
            waited += output.contains("baked: false") ? 1 : 0;
        }
        assertThat(baked).isOne();
        assertThat(waited).isEqualTo(JVMS - 1);
    }

    /** One of the JVMs. */
    static final class ChildJvm {

        private ChildJvm() {}

        public static void main(String[] arguments) {
            Image image = Image.builder(arguments[0])
                    .withSnapshotsDir(Path.of(arguments[1]))
                    .withCmd("sleep", "1000")
                    .build();
            System.out.println("baked: " + image.origin().baked());
            try (Vm vm = image.start(VmConfig.defaults())) {
                System.out.println(
                        "answer: " + vm.exec("sh", "-c", "echo $((6 * 7))").stdoutText());
            }
        }
    }
}
