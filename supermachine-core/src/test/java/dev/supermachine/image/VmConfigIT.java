package dev.supermachine.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.AcquireException;
import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import dev.supermachine.Wait;
import dev.supermachine.testing.MachineProcesses;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What machines of one snapshot have of their own. */
class VmConfigIT {

    private static final Duration LONG = Duration.ofSeconds(60);
    private static final byte[] CONTENT = "from the test\n".getBytes(UTF_8);

    /** Captured before its workload runs, which tells what it finds. */
    private static Image starting() {
        return Image.builder(TestImages.reference("debian-busybox"))
                .withName("test-config")
                .withMemoryMib(128)
                .withCmd("sh", "-c", "cat /etc/app/conf; echo $COLOUR; hostname; exec sleep 1000000")
                .build();
    }

    /** Captured while its workload looks for a file again and again. */
    private static Image running() {
        return Image.builder(TestImages.reference("debian-busybox"))
                .withName("test-config-running")
                .withMemoryMib(128)
                .withCmd("sh", "-c", "while :; do cat /run/conf 2>/dev/null || echo none; sleep 0.05; done")
                .withWait(Wait.forLog("none"))
                .build();
    }

    @Test
    @Tag("smoke")
    void whatStartsAfterTheRestoreFindsFilesEnvironmentAndHostNameAlsoAfterAReset() {
        Queue<String> lines = new ConcurrentLinkedQueue<>();
        VmConfig config = VmConfig.defaults()
                .withFile("/etc/app/conf", CONTENT, 0640)
                .withEnv("COLOUR", "blue")
                .withHostName("tested")
                .withLogConsumer(lines::add);
        try (Vm vm = starting().start(config)) {
            await().atMost(LONG)
                    .untilAsserted(() -> assertThat(lines).containsExactly("from the test", "blue", "tested"));
            assertThat(vm.exec("stat", "-c", "%u:%g %a %s", "/etc/app/conf", "/etc/app")
                            .stdoutText())
                    .matches("0:0 640 14\n0:0 755 \\d+\n");
            assertThat(vm.exec("sh", "-c", "echo $COLOUR; hostname").stdoutText())
                    .isEqualTo("blue\ntested\n");
            vm.exec("rm", "/etc/app/conf");

            vm.reset();

            await().atMost(LONG)
                    .untilAsserted(() -> assertThat(lines)
                            .containsExactly("from the test", "blue", "tested", "from the test", "blue", "tested"));
            assertThat(vm.readText("/etc/app/conf")).isEqualTo("from the test\n");
            assertThat(vm.exec("sh", "-c", "echo $COLOUR; hostname").stdoutText())
                    .isEqualTo("blue\ntested\n");
        }
    }

    @Test
    void filesAreThereBeforeTheSnapshotsProcessesGoOn() {
        Queue<String> lines = new ConcurrentLinkedQueue<>();
        VmConfig config = VmConfig.defaults()
                .withFile("/run/large", new byte[4_000_000])
                .withFile("/run/conf", CONTENT)
                .withLogConsumer(lines::add);
        try (Vm vm = running().start(config)) {
            await().atMost(LONG).until(() -> lines.size() > 20);
            // the round in which it was frozen may have looked before
            assertThat(lines.stream().skip(1)).containsOnly("from the test");
            assertThat(vm.exec("stat", "-c", "%s", "/run/large").stdoutText()).isEqualTo("4000000\n");
        }
        try (Vm other = running().start(VmConfig.defaults())) {
            assertThat(other.exec("test", "-e", "/run/conf").exitStatus()).isOne();
        }
    }

    @Test
    void aFileOfTheHostIsReadAtEachRestore(@TempDir Path directory) throws IOException {
        Path host = Files.writeString(directory.resolve("conf"), "one");
        try (Vm vm = running().start(VmConfig.defaults().withFile("/run/conf", host))) {
            assertThat(vm.readText("/run/conf")).isEqualTo("one");
            Files.writeString(host, "two");
            vm.reset();
            assertThat(vm.readText("/run/conf")).isEqualTo("two");
        }
        Files.delete(host);
        assertThatThrownBy(() -> running().start(VmConfig.defaults().withFile("/run/conf", host)))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageMatching("The file /run/conf from " + host + ", which the VmConfig of"
                        + " 'test-config-running-\\d+' names, could not be read on this host: .*");
    }

    @Test
    void aFileThatTheGuestDoesNotTakeIsNamedAndTheMachineEnded() {
        try (VmPool pool = running().pool().min(0).max(1).build()) {
            assertThatThrownBy(() -> pool.acquire(VmConfig.defaults().withFile("/proc/none/conf", CONTENT)))
                    .isInstanceOf(AcquireException.class)
                    .hasMessageMatching(
                            "(?s)The machine 'test-config-running-\\d+' was ended, because it does not take the"
                                    + " file /proc/none/conf that its VmConfig names\\. Machine '.*': cannot write"
                                    + " /proc/none/conf: .*");
            assertThat(pool.stats().inUse()).isZero();
            pool.acquire().close();
        }
    }

    @Test
    void aRestoreThatTakesTooLongIsEnded() {
        Image image = running();
        assertThatThrownBy(() -> image.start(VmConfig.defaults().withRestoreTimeout(Duration.ofMillis(1))))
                .isInstanceOf(AcquireException.class)
                .hasMessageContaining(
                        "was not restored within 1 ms, the limit that its VmConfig.withRestoreTimeout() sets");
        await().atMost(LONG)
                .untilAsserted(() -> assertThat(MachineProcesses.naming("test-config-running"))
                        .noneMatch(MachineProcesses::runs));
        try (Vm vm = image.start(VmConfig.defaults().withRestoreTimeout(LONG))) {
            assertThat(vm.exec("echo", "well").stdoutText()).isEqualTo("well\n");
        }
    }

    @Test
    void aConsumerThatBlocksStopsNobody() {
        CountDownLatch mayGoOn = new CountDownLatch(1);
        AtomicInteger calls = new AtomicInteger();
        Image image = Image.builder(TestImages.reference("debian-busybox"))
                .withName("test-config-loud")
                .withMemoryMib(128)
                .withCmd("sh", "-c", "seq 1000000; touch /run/done; exec sleep 1000000")
                .build();
        VmConfig config = VmConfig.defaults().withLogConsumer(line -> {
            calls.incrementAndGet();
            pass(mayGoOn);
        });
        try (VmPool pool = image.pool().min(0).max(1).build()) {
            try (Vm vm = pool.acquire(config)) {
                await().atMost(LONG)
                        .until(() -> vm.exec("test", "-e", "/run/done").success());
                assertThat(calls).hasValue(1);
                vm.reset();
                await().atMost(LONG)
                        .until(() -> vm.exec("test", "-e", "/run/done").success());
            }
            pool.acquire().close();
            assertThat(calls).as("one at a time").hasValue(1);
        } finally {
            mayGoOn.countDown();
        }
    }

    @Test
    void aConsumerThatThrowsIsDropped() {
        AtomicInteger calls = new AtomicInteger();
        VmConfig config = VmConfig.defaults().withLogConsumer(line -> {
            calls.incrementAndGet();
            throw new IllegalStateException("no more of this");
        });
        try (Vm vm = starting().start(config)) {
            await().atMost(LONG).untilAsserted(() -> assertThat(calls).hasValue(1));
            await().atMost(LONG).until(() -> vm.logs().lines().count() >= 2);
            vm.reset();
            await().atMost(LONG).until(() -> vm.logs().lines().count() >= 2);
            assertThat(calls).hasValue(1);
        }
    }

    @Test
    void nothingOfItMakesAnotherSnapshot() {
        Image first = starting();
        Map<String, VmConfig> configs = Map.of(
                "environment", VmConfig.defaults().withEnv("COLOUR", "red"),
                "host name", VmConfig.defaults().withHostName("other"),
                "files", VmConfig.defaults().withFile("/etc/app/conf", CONTENT),
                "limit", VmConfig.defaults().withRestoreTimeout(LONG),
                "consumer", VmConfig.defaults().withLogConsumer(line -> {}),
                "memory", VmConfig.defaults().withMemoryMib(128),
                "vCPUs", VmConfig.defaults().withVcpus(1));
        configs.forEach((what, config) -> {
            first.start(config).close();
            Image again = starting();
            assertThat(again.origin().baked()).as(what).isFalse();
            assertThat(again.origin().snapshot())
                    .as(what)
                    .isEqualTo(first.origin().snapshot());
        });
    }

    private static void pass(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
