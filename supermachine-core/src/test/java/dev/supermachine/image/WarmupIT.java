package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.BakeException;
import dev.supermachine.ExecProcess;
import dev.supermachine.Image;
import dev.supermachine.OciImageBuilder;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import dev.supermachine.Wait;
import dev.supermachine.Warmup;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is done once at the bake is there in each machine. Each test has a store of its own. */
class WarmupIT {

    /** Where warm-ups, which cannot capture what is no value, leave what a test wants to see. They run in this JVM. */
    private static final List<Object> LEFT = new ArrayList<>();

    @TempDir
    private Path directory;

    @Test
    @Tag("smoke")
    void aTableThatTheWarmUpCreatesIsInEachMachineAndItsConnectionIsNot() {
        Image image = builder("debian-postgres")
                .withMemoryMib(512)
                .withGuestPort(5432)
                .withWarmup(vm -> {
                    sql(vm, "create table visits (name text); insert into visits values ('first')");
                    LEFT.add(connectToPostgres(vm.host(), vm.mappedPort(5432)));
                    assertThat(sql(vm, CLIENTS)).isEqualTo("2");
                })
                .build();
        assertThat(image.origin().snapshot().resolve("manifest.json"))
                .content()
                .contains("\"readiness\": \"a listener on the guest port, then a warm-up\"");
        try (Vm one = image.start(VmConfig.defaults());
                Vm two = image.start(VmConfig.defaults())) {
            for (Vm vm : List.of(one, two)) {
                // the one that asks
                assertThat(sql(vm, CLIENTS)).isEqualTo("1");
                assertThat(sql(vm, "insert into visits values ('second'); select count(*) from visits"))
                        .endsWith("2");
            }
            one.reset();
            assertThat(sql(one, "select name from visits")).isEqualTo("first");
        }
        assertThat(LEFT)
                .allSatisfy(socket -> assertThat(isDead((Socket) socket)).isTrue());
    }

    private static final String CLIENTS = "select count(*) from pg_stat_activity where backend_type = 'client backend'";

    private static String sql(Vm vm, String sql) {
        return vm.exec("psql", "-v", "ON_ERROR_STOP=1", "-Atc", sql)
                .stdoutText()
                .strip();
    }

    /** A session that has begun: PostgreSQL's protocol 3.0, "StartupMessage" and "AuthenticationOk". */
    private static Socket connectToPostgres(String host, int port) throws IOException {
        Socket socket = new Socket(host, port);
        byte[] parameters = "user\0postgres\0\0".getBytes(StandardCharsets.US_ASCII);
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        out.writeInt(8 + parameters.length);
        out.writeInt(3 << 16);
        out.write(parameters);
        out.flush();
        DataInputStream in = new DataInputStream(socket.getInputStream());
        assertThat((char) in.readByte()).isEqualTo('R');
        in.skipNBytes(4);
        assertThat(in.readInt()).isZero();
        return socket;
    }

    private static boolean isDead(Socket socket) {
        try (socket) {
            socket.getInputStream().readAllBytes();
            return true;
        } catch (IOException e) {
            return true;
        }
    }

    /** The image says by itself that its service is at 6379. What was read from the disk at the warm-up is not read again. */
    @Test
    void withoutAPortTheOneThatTheImageExposesIsAwaitedAndThePageCacheIsWarm() {
        Image image = builder("debian-redis")
                .withWarmup(vm -> {
                    assertThat(vm.exec("redis-cli", "set", "user:1", "alice").success())
                            .isTrue();
                    read(vm);
                })
                .build();
        try (Vm warm = image.start(VmConfig.defaults());
                Vm cold = TestImages.redis().start(VmConfig.defaults())) {
            assertThat(warm.exec("redis-cli", "get", "user:1").stdoutText()).isEqualTo("alice\n");
            long before = sectorsRead(warm);
            read(warm);
            assertThat(sectorsRead(warm)).isEqualTo(before);
            before = sectorsRead(cold);
            read(cold);
            assertThat(sectorsRead(cold)).isGreaterThan(before + 1000);
        }
    }

    private static void read(Vm vm) {
        assertThat(vm.exec("sh", "-c", "cat /usr/bin/perl >/dev/null").success())
                .isTrue();
    }

    /** Documentation/block/stat.rst: the third number. */
    private static long sectorsRead(Vm vm) {
        try (Scanner numbers = new Scanner(vm.exec("cat", "/sys/block/vda/stat").stdoutText())) {
            numbers.nextLong();
            numbers.nextLong();
            return numbers.nextLong();
        }
    }

    @Test
    void withoutAnyServiceItComesBeforeTheWorkloadWhichEveryMachineStarts() {
        Image image = withoutService(vm -> vm.writeFile("/seed", "seeded\n"));
        assertThat(image.origin().baked()).isTrue();
        for (String name : List.of("one", "two")) {
            try (Vm vm = image.start(VmConfig.defaults().withEnv("NAME", name))) {
                await().untilAsserted(() -> assertThat(vm.logs()).isEqualTo("seeded\nby " + name + "\n"));
            }
        }
    }

    /** In the store of all tests: machines that a pool makes ready may still come up when it is closed. */
    @Test
    void machinesOfAPoolAreWarmAgainAndAgain() {
        Image image = Image.builder(TestImages.reference("debian-busybox"))
                .withName("test-warm")
                .withCmd("sleep", "1000")
                .withWarmup(vm -> vm.writeFile("/seed", "seeded"))
                .build();
        try (VmPool pool = image.pool().min(1).max(2).build()) {
            for (int i = 0; i < 4; i++) {
                try (Vm vm = pool.acquire()) {
                    assertThat(vm.readText("/seed")).isEqualTo("seeded");
                    vm.writeFile("/seed", "eaten");
                }
            }
        }
    }

    @Test
    void itRunsAgainIfItsCodeOrItsValuesHaveChangedAndOnlyThen() {
        String text = directory.toString();
        assertThat(withoutService(counting("a", text)).origin().baked()).isTrue();
        assertThat(withoutService(counting("a", text)).origin().baked()).isFalse();
        assertThat(withoutService(counting("b", text)).origin().baked()).isTrue();
        assertThat(withoutService(vm -> vm.writeFile("/seed", "other")).origin().baked())
                .isTrue();
        assertThat(withoutService(vm -> vm.writeFile("/seed", "other!"))
                        .origin()
                        .baked())
                .isTrue();
    }

    private static Warmup counting(String name, String text) {
        return vm -> vm.writeFile("/seed", name + text);
    }

    @Test
    void aTagCountsInPlaceOfTheCode() {
        assertThat(tagged(vm -> vm.writeFile("/seed", "1\n"), "v1").origin().baked())
                .isTrue();
        Object notSerializable = new Object();
        Image same = tagged(vm -> vm.writeFile("/seed", notSerializable.toString()), "v1");
        assertThat(same.origin().baked()).isFalse();
        Image other = tagged(vm -> vm.writeFile("/seed", notSerializable.toString()), "v2");
        assertThat(other.origin().baked()).isTrue();
        try (Vm vm = other.start(VmConfig.defaults())) {
            assertThat(vm.readText("/seed")).isEqualTo(notSerializable.toString());
        }
    }

    @Test
    void oneThatThrowsBakesNothingAndIsTheCause() {
        Warmup failing = vm -> {
            LEFT.add(vm);
            vm.writeFile("/seed", "half");
            throw new IOException("the fixtures are not there");
        };
        assertThatThrownBy(() -> withoutService(failing))
                .isInstanceOf(BakeException.class)
                .hasMessageStartingWith("Baking 'warm' from oci-layout:")
                .hasMessageContaining(" failed. Its warm-up failed: java.io.IOException: the fixtures are not there\n")
                .hasMessageContaining("\nThe guest's console ends with:\n")
                .hasCause(new IOException("the fixtures are not there"));
        assertThat(directory.resolve("snapshots/baked"))
                .satisfiesAnyOf(
                        path -> assertThat(path).doesNotExist(),
                        path -> assertThat(path).isEmptyDirectory());
        assertThat(directory.resolve("snapshots/tmp"))
                .satisfiesAnyOf(
                        path -> assertThat(path).doesNotExist(),
                        path -> assertThat(path).isEmptyDirectory());
        Vm kept = (Vm) LEFT.remove(LEFT.size() - 1);
        assertThatThrownBy(() -> kept.exec("true"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("The machine 'bake-warm' was there for the warm-up, which has ended. ");
    }

    @Test
    void oneThatDoesNotEndFailsWithTheBakesTime() {
        System.setProperty("supermachine.bake.timeout", "20 s");
        try {
            assertThatThrownBy(() -> withoutService(vm -> new CountDownLatch(1).await()))
                    .isInstanceOf(BakeException.class)
                    .hasMessageContaining("Its warm-up had not ended when the bake's time of 20 s was over. ")
                    .hasCauseInstanceOf(TimeoutException.class);
        } finally {
            System.clearProperty("supermachine.bake.timeout");
        }
    }

    @Test
    void theMachineIsLentAndNothingElse() {
        withoutService(vm -> {
            refused(vm::close, "cannot be closed: the bake captures it");
            refused(() -> vm.snapshot(Path.of("/nowhere/taken")), "cannot be captured by hand: the bake does that");
            refused(vm::reset, "cannot be reset: there is no snapshot yet");
            refused(vm::keep, "cannot be kept: the bake needs it");
            refused(() -> vm.image().pool(), "The image 'warm' is being baked and has no machines before");
            refused(() -> vm.image().start(VmConfig.defaults()), "has no machines");
            refused(() -> vm.image().origin(), "has no origin");
            assertThat(vm.name()).isEqualTo("bake-warm");
            assertThat(vm.image().name()).isEqualTo("warm");
            assertThat(vm.image().reference()).startsWith("oci-layout:");
            assertThat(vm.image().memoryMib()).isEqualTo(256);
            assertThat(vm.image().vcpus()).isEqualTo(1);
            assertThat(vm.image().guestPort()).isEqualTo(80);
            assertThat(vm.logs()).isEmpty();
            assertThat(vm.console()).isNotEmpty();
        });
    }

    private static void refused(Runnable call, String message) {
        assertThatThrownBy(call::run).isInstanceOf(IllegalStateException.class).hasMessageContaining(message);
    }

    @Test
    void commandsThatItLeavesOpenEndAndProcessesInTheBackgroundGoOn() {
        Image image = builder("debian-busybox")
                .withCmd("httpd", "-f", "-p", "8080")
                .withGuestPort(8080)
                .withWarmup(vm -> {
                    ExecProcess open = vm.command("sleep", "4711").spawn();
                    LEFT.add(open);
                    vm.exec("sh", "-c", "sleep 4712 >/dev/null 2>&1 &");
                })
                .build();
        try (Vm vm = image.start(VmConfig.defaults())) {
            assertThat(vm.exec("ps").stdoutText()).contains("sleep 4712").doesNotContain("sleep 4711");
        }
    }

    @Test
    void aConditionOfOnesOwnCountsInsteadOfAListener() {
        Image image = builder("debian-busybox")
                .withCmd("sh", "-c", "sleep 1; echo ready; exec sleep 1000")
                .withGuestPort(8080)
                .withWait(Wait.forLog("^ready$"))
                .withWarmup(vm -> {
                    assertThat(vm.logs()).isEqualTo("ready\n");
                    vm.writeFile("/seen", vm.logs());
                })
                .build();
        try (Vm vm = image.start(VmConfig.defaults())) {
            assertThat(vm.readText("/seen")).isEqualTo("ready\n");
            assertThat(vm.logs()).isEqualTo("ready\n");
        }
    }

    @Test
    void anImageWithSeveralPortsIsAskedForOneBeforeAnythingBoots() {
        String reference = reference("\"ExposedPorts\":{\"7000/tcp\":{},\"7001/tcp\":{}}");
        assertThatThrownBy(() -> Image.builder(reference)
                        .withSnapshotsDir(directory.resolve("snapshots"))
                        .withWarmup(vm -> vm.exec("true"))
                        .build())
                .isInstanceOf(BakeException.class)
                .hasMessageContaining(
                        "the image names several ports: [7000, 7001]. Say which one it is with withGuestPort");
    }

    private String reference(String config) {
        try {
            return ChangedConfig.of("debian-busybox", config, directory.resolve("image"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Image tagged(Warmup warmup, String tag) {
        return described().withWarmup(warmup).withWarmupTag(tag).build();
    }

    private Image withoutService(Warmup warmup) {
        return described().withWarmup(warmup).build();
    }

    private OciImageBuilder described() {
        return builder("debian-busybox")
                .withName("warm")
                .withCmd("sh", "-c", "cat /seed; echo by $NAME; exec sleep 1000");
    }

    private OciImageBuilder builder(String image) {
        return Image.builder(TestImages.reference(image)).withSnapshotsDir(directory.resolve("snapshots"));
    }
}
