package dev.supermachine.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.json.JsonDocument;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The smallest form of {@code bin/bench}: it runs to its end and leaves what it promises. What it measures is not judged here. */
class BenchIT {

    private static final Path SCRIPT =
            Path.of("").toAbsolutePath().resolve("../../bin/bench").normalize();

    @TempDir
    private Path directory;

    @Test
    void measuresOursBesideThePeer() throws Exception {
        Path results = directory.resolve("results.json");
        String printed = bench(0, results, "--quick", "--markdown", "restore-cold", "acquire-warm");

        assertThat(printed)
                .contains("| restore-cold | 3 |")
                .contains("| ms | QEMU, raw cold restore |")
                .contains("| acquire-warm | 5 |")
                .contains("| <= 30 ms, <= 1.3x |");
        List<JsonDocument> rows = JsonDocument.parse("{\"rows\":" + Files.readString(results) + "}")
                .objects("rows");
        assertThat(rows).hasSize(2);
        assertThat(rows.get(0).string("name")).isEqualTo("restore-cold");
        assertThat(rows.get(0).integer("samples")).isEqualTo(3);
        assertThat(rows.get(0).string("unit")).isEqualTo("ms");
        assertThat(rows.get(1).string("name")).isEqualTo("acquire-warm");
        assertThat(rows.get(1).string("peer")).isEqualTo("QEMU, raw cont");
    }

    @Test
    void measuresMachinesOnKvmOrSaysWhyNot() throws Exception {
        Path results = directory.resolve("results.json");
        String printed = bench(
                0,
                results,
                "--quick",
                "--markdown",
                "kvm-create",
                "kvm-reset",
                "kvm-exit",
                "kvm-block",
                "kvm-console",
                "kvm-density");

        Path device = Path.of("/dev/kvm");
        boolean usable = Files.isReadable(device) && Files.isWritable(device);
        String cells = usable ? " | 5 | " : " | 0 |  |  | us | not measured: ";
        for (String row : List.of(
                "kvm-create",
                "kvm-pooled",
                "kvm-reset-1",
                "kvm-reset-100",
                "kvm-reset-1000",
                "kvm-reset-10000",
                "kvm-pause",
                "kvm-exit")) {
            assertThat(printed).contains("| " + row + cells);
        }
        for (String row : List.of("kvm-block-4k", "kvm-block-128k", "kvm-console-to-host", "kvm-console-to-guest")) {
            assertThat(printed).contains("| " + row + cells.replace(" us ", " MiB/s "));
        }
        assertThat(printed).contains(usable ? "| kvm-density-32 | 1 | " : "| kvm-density-32 | 0 |  |  | MiB | not ");
        assertThat(printed.contains("C, the same calls")).isEqualTo(usable);
        assertThat(JsonDocument.parse("{\"rows\":" + Files.readString(results) + "}")
                        .objects("rows"))
                .hasSize(18);
    }

    @Test
    void namesWhatCanBeMeasured() throws Exception {
        Path results = directory.resolve("results.json");
        assertThat(bench(1, results, "lottery"))
                .contains("There is no benchmark 'lottery'.")
                .contains("pull-flatten")
                .contains("reset-busy")
                .contains("kvm-reset");
        assertThat(results).doesNotExist();
    }

    private String bench(int status, Path results, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(SCRIPT.toString(), "--no-build"));
        command.addAll(List.of(arguments));
        Path output = directory.resolve("output");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().put("SUPERMACHINE_BENCH_RESULTS", results.toString());
        Process process = builder.start();
        process.getOutputStream().close();
        boolean ended = process.waitFor(5, TimeUnit.MINUTES);
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        String printed = Files.readString(output);
        assertThat(ended).as(printed).isTrue();
        assertThat(process.exitValue()).as(printed).isEqualTo(status);
        return printed;
    }
}
