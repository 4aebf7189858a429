package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.ExecProcess;
import dev.supermachine.ExecResult;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.hash.Sha256;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a holder can do with a machine on the engine on KVM. */
@Tag("lab")
@Tag("lab-only")
@Timeout(300)
class VmLabIT {

    private static final Duration LONG = Duration.ofMinutes(1);

    private Vm vm;

    @BeforeEach
    void acquire() {
        vm = Laboratory.pool(1)
                .acquire(VmConfig.defaults().withHostName("tested").withEnv("COLOUR", "blue"));
    }

    @AfterEach
    void itsEngineIsKvm() {
        vm.close();
        Laboratory.assertIsKvm(vm.image());
    }

    @Test
    @Tag("lab-smoke")
    void theGuestRunsThePackedKernelOnKvm() {
        String version = Laboratory.run(vm, "uname -r");
        String detected = Laboratory.run(vm, "dmesg | grep 'Hypervisor detected'");
        String model = Laboratory.run(vm, "grep -m 1 'model name' /proc/cpuinfo");
        System.setProperty("supermachine.lab.guest.kernel", version);
        System.setProperty("supermachine.lab.guest.hypervisor", detected);
        System.setProperty("supermachine.lab.guest.cpu", model);

        assertThat(version).isEqualTo(Laboratory.packedKernel());
        assertThat(detected).endsWith("Hypervisor detected: KVM");
        assertThat(Laboratory.run(vm, "nproc")).isEqualTo("1");
        assertThat(Laboratory.run(vm, "dmesg | grep -cE 'WARNING: CPU|BUG:|Call Trace' || true"))
                .isEqualTo("0");
    }

    @Test
    @Tag("lab-smoke")
    void aGuestHasTwoProcessorsAndUsesBoth() {
        try (Vm two = Laboratory.pool(2).acquire()) {
            Laboratory.assertIsKvm(two.image());
            for (int run = 0; run < 2; run++) {
                assertThat(Laboratory.run(two, "nproc")).isEqualTo("2");
                assertThat(Laboratory.run(two, "taskset 1 cat /proc/self/stat | cut -d' ' -f39"))
                        .isEqualTo("0");
                assertThat(Laboratory.run(two, "taskset 2 cat /proc/self/stat | cut -d' ' -f39"))
                        .isEqualTo("1");
                two.reset();
            }
        }
    }

    @Test
    @Tag("lab-smoke")
    void executesCommands() {
        ExecResult result = vm.command("sh", "-c", "echo out; echo err >&2; cat; echo $SHAPE; pwd; id -u; exit 3")
                .env("SHAPE", "round")
                .cwd("/srv")
                .stdin("in\n")
                .output();

        assertThat(result.exitStatus()).as("%s", result).isEqualTo(3);
        assertThat(result.stdoutText()).isEqualTo("out\nin\nround\n/srv\n0\n");
        assertThat(result.stderrText()).isEqualTo("err\n");
    }

    @Test
    @Tag("lab-smoke")
    void environmentAndHostNameAreThoseOfTheActivation() {
        assertThat(Laboratory.run(vm, "echo $COLOUR $PLACE; hostname; cat /etc/hostname"))
                .isEqualTo("blue laboratory\ntested\ntested");
        try (Vm other = Laboratory.pool(1)
                .acquire(VmConfig.defaults().withHostName("other").withEnv("COLOUR", "red"))) {
            assertThat(Laboratory.run(other, "echo $COLOUR $PLACE; hostname")).isEqualTo("red laboratory\nother");
        }
    }

    @Test
    void filesHostNameAndLogConsumerGoOnOverResetsInPlace() {
        Queue<String> lines = new ConcurrentLinkedQueue<>();
        VmConfig config = VmConfig.defaults()
                .withHostName("another")
                .withFile("/etc/own/file", "its own".getBytes(StandardCharsets.UTF_8), 0600)
                .withRestoreTimeout(LONG)
                .withLogConsumer(lines::add);
        try (Vm own = Laboratory.pool(1).acquire(config)) {
            for (int round = 0; round < 3; round++) {
                if (round > 0) {
                    own.reset();
                }
                assertThat(Laboratory.run(own, "cat /etc/own/file; stat -c ' %a' /etc/own/file; hostname"))
                        .isEqualTo("its own 600\nanother");
                String said = "round " + round;
                Laboratory.run(own, "rm /etc/own/file; echo " + said + " > /proc/$(pidof httpd)/fd/1");
                await().atMost(LONG).until(() -> lines.contains(said));
            }
        }
        assertThat(lines).containsExactly("round 0", "round 1", "round 2");
    }

    @Test
    void aChainWithItsFileIsOneRequest() {
        assertThat(vm.command("sh", "/tmp/staged/script")
                        .stageFile("/tmp/staged/script", "echo one".getBytes(StandardCharsets.UTF_8))
                        .chain("echo", "two")
                        .outputs())
                .extracting(ExecResult::stdoutText)
                .containsExactly("one\n", "two\n");
    }

    @Test
    void moreInputAndOutputThanAnyBufferHolds() {
        byte[] bytes = bytes(3_000_000);

        assertThat(vm.command("cat").stdin(bytes).output().stdout()).isEqualTo(bytes);
    }

    @Test
    void aSpawnedCommandStreamsAndTakesSignals() throws IOException {
        try (ExecProcess process = vm.command("cat").spawn();
                BufferedReader lines =
                        new BufferedReader(new InputStreamReader(process.stdout(), StandardCharsets.UTF_8))) {
            OutputStream stdin = process.stdin();
            stdin.write("one\n".getBytes(StandardCharsets.UTF_8));
            stdin.flush();
            assertThat(lines.readLine()).isEqualTo("one");
            process.signal(15);
            assertThat(process.waitFor(LONG))
                    .hasValueSatisfying(end -> assertThat(end.exitStatus()).isEqualTo(128 + 15));
        }
    }

    @Test
    @Tag("lab-smoke")
    void filesGoInAndOut() {
        byte[] bytes = bytes(1_000_000);

        vm.writeFile("/srv/new/directory/file", bytes);

        assertThat(vm.readFile("/srv/new/directory/file")).isEqualTo(bytes);
        assertThat(Laboratory.run(vm, "sha256sum </srv/new/directory/file | cut -d' ' -f1"))
                .isEqualTo(Sha256.hex(bytes));
    }

    @Test
    void directoriesGoInAndOut(@TempDir Path directory) throws IOException {
        Path source = directory.resolve("source");
        Files.createDirectories(source.resolve("deep/er"));
        Files.writeString(source.resolve("deep/er/file"), "content");
        Files.createSymbolicLink(source.resolve("link"), Path.of("deep/er/file"));

        vm.copyIn(source, "/srv/copy");
        assertThat(Laboratory.run(vm, "cat /srv/copy/link")).isEqualTo("content");
        vm.copyOut("/srv/copy", directory.resolve("target"));

        assertThat(directory.resolve("target/deep/er/file")).hasContent("content");
        assertThat(Files.readSymbolicLink(directory.resolve("target/link"))).isEqualTo(Path.of("deep/er/file"));
    }

    @Test
    @Tag("lab-smoke")
    void logsAreThoseOfTheWorkload() {
        assertThat(vm.logs()).isEqualTo("about to serve\n");
    }

    @Test
    void whatIsPrintedOnTheConsoleIsRead() {
        Laboratory.run(vm, "echo from inside >/dev/console");

        await().atMost(LONG).until(() -> vm.console().contains("from inside"));
    }

    @Test
    @Tag("lab-smoke")
    void aMappedPortReachesTheGuestAndStaysOverResets() throws IOException, InterruptedException {
        int port = vm.mappedPort(Laboratory.PORT);
        assertThat(page("/index.html")).isEqualTo(Laboratory.PAGE + "\n");
        byte[] large = bytes(500_000);
        vm.writeFile("/srv/large", large);
        assertThat(page("/large").getBytes(StandardCharsets.ISO_8859_1)).isEqualTo(large);

        vm.reset();

        assertThat(vm.mappedPort(Laboratory.PORT)).isEqualTo(port);
        assertThat(page("/index.html")).isEqualTo(Laboratory.PAGE + "\n");
        assertThat(page("/large")).doesNotContain("x").hasSizeLessThan(1000);
    }

    private String page(String path) throws IOException, InterruptedException {
        URI uri = URI.create("http://" + vm.host() + ":" + vm.mappedPort(Laboratory.PORT) + path);
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .build()
                .send(
                        HttpRequest.newBuilder(uri).build(),
                        HttpResponse.BodyHandlers.ofString(StandardCharsets.ISO_8859_1))
                .body();
    }

    @Test
    @Tag("lab-smoke")
    void theRootDiskIsTheFile() throws IOException {
        byte[] file = Files.readAllBytes(vm.image().origin().snapshot().resolve("root.erofs"));

        assertThat(Laboratory.run(vm, "sha256sum </dev/vda | cut -d' ' -f1")).isEqualTo(Sha256.hex(file));
        assertThat(vm.exec("sh", "-c", "echo x >/dev/vda").success())
                .as("it is read-only")
                .isFalse();
    }

    private static byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        new Random(count).nextBytes(bytes);
        return bytes;
    }
}
