package dev.supermachine.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.json.JsonDocument;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The packed program as its users run it, in a process of its own, on a store of its own. */
@Timeout(600)
class CliIT {

    private static final Duration LONG = Duration.ofMinutes(2);
    private static final String WORKLOAD = "echo started $STAGE; exec sleep 1000000";

    @TempDir
    private Path home;

    private int runs;

    @Test
    void fromABakeToAnEmptyStore() throws Exception {
        JsonDocument first = json(0, bake("bake"));
        assertThat(first.bool("hit", true)).isFalse();
        assertThat(first.object("phaseMillis").names()).contains("pull", "boot", "ready", "capture", "publish");
        assertThat(err())
                .as("lines, as it is no terminal")
                .containsPattern("\\n {2}boot +\\d")
                .doesNotContain("\r", "\u001b");

        JsonDocument second = json(0, bake("bake"));
        assertThat(second.bool("hit", false)).isTrue();
        assertThat(second.string("fingerprint")).isEqualTo(first.string("fingerprint"));

        assertThat(json(0, bake("why")).string("directory")).isEqualTo(first.string("directory"));
        JsonDocument miss = json(3, bake("why", "--env", "STAGE=secret", "--memory", "160"));
        assertThat(miss.objects("differences").stream().map(CliIT::words))
                .containsExactly("env changed: STAGE is new", "memory in MiB changed: 192 -> 160");
        assertThat(miss.string("similar")).isEqualTo(first.string("directory"));
        assertThat(miss.toString()).doesNotContain("secret");

        JsonDocument image = json(0, "images").objects("snapshots").get(0);
        assertThat(image.string("fingerprint")).isEqualTo(first.string("fingerprint"));
        assertThat(image.bool("inUse", true)).isFalse();
        assertThat(json(0, "inspect", "cli-it").object("inputs").strings("command"))
                .containsExactly("sh", "-c", WORKLOAD);

        inAFreshMachine(first.string("directory"));
        inTheForeground(first.string("directory"));

        assertThat(json(0, "prune", "--all").strings("removed")).containsExactly(first.string("fingerprint"));
        assertThat(json(0, "images").objects("snapshots")).isEmpty();
    }

    private void inAFreshMachine(String snapshot) throws Exception {
        Process exec = start("exec", snapshot, "--", "sh", "-c", "cat; echo told >&2; exit 7");
        try (OutputStream stdin = exec.getOutputStream()) {
            stdin.write("typed\n".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(status(exec)).as(err()).isEqualTo(7);
        assertThat(out()).isEqualTo("typed\n");
        assertThat(err()).contains("told\n");

        JsonDocument terminal = json(0, "exec", "-t", snapshot, "--", "sh", "-c", "test -t 1 && echo a terminal");
        assertThat(terminal.string("stdout")).contains("a terminal");
        assertThat(status(start("exec", snapshot, "--", "/no/such"))).isEqualTo(125);
        assertThat(err()).contains("supermachine: ").contains("/no/such").doesNotContain("\tat ");
    }

    private void inTheForeground(String snapshot) throws Exception {
        Process run = start("run", snapshot, "--publish", "8080");
        await().atMost(LONG).untilAsserted(() -> {
            assertThat(out()).contains("started");
            assertThat(err()).containsPattern("port 8080 of the guest is 127\\.0\\.0\\.1:\\d+");
        });
        assertThat(new ProcessBuilder("kill", "-INT", String.valueOf(run.pid()))
                        .start()
                        .waitFor())
                .isZero();
        assertThat(status(run)).isEqualTo(130);
        assertThat(err()).doesNotContain("Exception").doesNotContain("supermachine: ");
        assertThat(json(0, "images").objects("snapshots").get(0).bool("inUse", true))
                .as("its machine has ended")
                .isFalse();
    }

    @Test
    void aDetachedMachineTakesCommandsAndEndsWhenItIsTold() throws Exception {
        json(0, bake("bake"));
        JsonDocument machine = json(0, bake("run", "--detach"));
        String name = machine.string("machine");
        try {
            Process exec = start("exec", name, "--", "sh", "-c", "cat; echo told >&2; exit 7");
            try (OutputStream stdin = exec.getOutputStream()) {
                stdin.write("typed\n".getBytes(StandardCharsets.UTF_8));
            }
            assertThat(status(exec)).as(err()).isEqualTo(7);
            assertThat(out()).isEqualTo("typed\n");
            assertThat(err()).contains("told\n");
            JsonDocument terminal = json(
                    0,
                    "exec",
                    "-t",
                    String.valueOf(machine.integer("pid")),
                    "--",
                    "sh",
                    "-c",
                    "test -t 1 && echo a terminal");
            assertThat(terminal.string("stdout")).contains("a terminal");

            assertThat(json(0, "images").objects("snapshots").get(0).bool("inUse", false))
                    .isTrue();
            assertThat(json(0, "prune", "--all").strings("removed")).isEmpty();
            assertThat(status(start("doctor", "--kept"))).isZero();
            assertThat(out())
                    .contains(name + " of the image cli-it: 192 MiB, for ")
                    .contains(", process " + machine.integer("pid") + ", until it is ended\n")
                    .contains("directory " + machine.string("directory"))
                    .contains("-> bin/supermachine doctor --end " + name);
        } finally {
            assertThat(status(start("doctor", "--end", name))).as(out() + err()).isZero();
        }
        assertThat(out()).contains("ended " + name + " (process " + machine.integer("pid") + ")");
        assertThat(status(start("doctor", "--kept"))).isZero();
        assertThat(out()).doesNotContain(name + " of the image");
        await().atMost(LONG).until(() -> !Files.exists(Path.of(machine.string("directory"))));
    }

    private static String words(JsonDocument difference) {
        try {
            return difference.string("words");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** A command with the options of a bake. */
    private static String[] bake(String command, String... more) {
        List<String> line = new ArrayList<>(List.of(command, reference(), "--name", "cli-it", "--wait", "log:started"));
        for (String word : List.of("sh", "-c", WORKLOAD)) {
            line.addAll(List.of("--cmd", word));
        }
        if (!List.of(more).contains("--memory")) {
            line.addAll(List.of("--memory", "192"));
        }
        line.addAll(List.of(more));
        return line.toArray(String[]::new);
    }

    private JsonDocument json(int expected, String... line) throws Exception {
        List<String> words = new ArrayList<>(List.of(line));
        words.add(1, "--json");
        int status = status(start(words.toArray(String[]::new)));
        assertThat(status).as("%s%n%s%n%s", words, out(), err()).isEqualTo(expected);
        return JsonDocument.parse(out());
    }

    private static int status(Process process) throws InterruptedException {
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).as("it ends").isTrue();
        return process.exitValue();
    }

    private Process start(String... line) throws IOException {
        runs++;
        // What runs in the background ignores Ctrl-C, and so would what it starts.
        List<String> command = new ArrayList<>(List.of(
                "env",
                "--default-signal=INT",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "--enable-native-access=ALL-UNNAMED",
                "-jar",
                Path.of("target/supermachine-cli.jar").toAbsolutePath().toString()));
        command.addAll(List.of(line));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectOutput(home.resolve("out-" + runs).toFile())
                .redirectError(home.resolve("err-" + runs).toFile());
        builder.environment().put("SUPERMACHINE_ENGINE", "qemu-tcg");
        builder.environment()
                .put("SUPERMACHINE_SNAPSHOTS_DIR", home.resolve("snapshots").toString());
        Process process = builder.start();
        if (!line[0].equals("exec")) {
            process.getOutputStream().close();
        }
        return process;
    }

    /** What the latest process wrote. */
    private String out() throws IOException {
        return Files.readString(home.resolve("out-" + runs));
    }

    private String err() throws IOException {
        return Files.readString(home.resolve("err-" + runs));
    }

    private static String reference() {
        Path images = Optional.ofNullable(System.getProperty("supermachine.test.images"))
                .or(() -> Optional.ofNullable(System.getenv("SUPERMACHINE_TEST_IMAGES")))
                .map(Path::of)
                .orElseGet(() -> Path.of(Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
                                .orElse(System.getProperty("user.home") + "/.cache"))
                        .resolve("supermachine-build/images"));
        Path layout = images.resolve("debian-busybox.oci");
        assertThat(layout)
                .as("if it is not there, make the test images with bin/images")
                .isDirectory();
        return "oci-layout:" + layout;
    }
}
