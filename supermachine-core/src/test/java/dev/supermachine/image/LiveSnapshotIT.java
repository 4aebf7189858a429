package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.ExecProcess;
import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import dev.supermachine.Wait;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots of machines that run and go on: what the copies have of them, and that they notice nothing. */
class LiveSnapshotIT {

    @TempDir
    private Path directory;

    private static Image counter;

    @BeforeAll
    static void bake() {
        counter = Image.builder(TestImages.reference("debian-busybox"))
                .withName("test-counter")
                .withCmd(
                        "sh",
                        "-c",
                        "echo ready; i=0; while :; do i=$((i+1)); echo $i >/dev/shm/n; mv /dev/shm/n /dev/shm/count; sleep 0.02; done")
                .withWait(Wait.forLog("ready"))
                .build();
    }

    @Test
    void aCopyHasWhatTheMachineHadAndTheMachineGoesOn() {
        try (Vm vm = counter.start(VmConfig.defaults().withEnv("ROLE", "first").withHostName("original"))) {
            vm.writeFile("/root/file", "before");
            vm.writeFile("/dev/shm/memory", "before");
            vm.exec("sh", "-c", "(while :; do sleep 0.1; done) >/dev/null 2>&1 & echo $! >/root/pid");
            await().until(() -> count(vm) > 10);
            long before = count(vm);

            Image image = vm.snapshot(directory.resolve("taken"));
            long after = count(vm);
            vm.writeFile("/root/file", "after");
            vm.exec("rm", "/dev/shm/memory");

            assertThat(image.name()).isEqualTo("test-counter");
            assertThat(image.origin().snapshot()).isEqualTo(directory.resolve("taken"));
            try (Vm copy = image.start(VmConfig.defaults())) {
                assertThat(copy.readText("/root/file")).isEqualTo("before");
                assertThat(copy.readText("/dev/shm/memory")).isEqualTo("before");
                assertThat(copy.exec("sh", "-c", "echo $ROLE").stdoutText()).isEqualTo("first\n");
                assertThat(copy.exec("sh", "-c", "kill -0 $(cat /root/pid)").exitStatus())
                        .isZero();
                long first = count(copy);
                assertThat(first).isGreaterThanOrEqualTo(before);
                await().until(() -> count(copy) > first);
                assertThat(copy.exec("hostname").stdoutText()).isNotEqualTo("original\n");
                copy.writeFile("/root/file", "the copy's");
            }
            assertThat(after).isGreaterThanOrEqualTo(before);
            await().until(() -> count(vm) > after);
            assertThat(vm.readText("/root/file")).isEqualTo("after");
            assertThat(vm.exec("hostname").stdoutText()).isEqualTo("original\n");
            vm.reset();
            assertThat(vm.exec("ls", "/root/file").exitStatus()).isNotZero();
        }
    }

    @Test
    void whatIsOpenStaysOpenInTheMachineAndIsGoneInItsCopies() throws Exception {
        try (Vm vm = counter.start(VmConfig.defaults());
                ExecProcess process = vm.command("cat").spawn()) {
            process.stdin().write("one\n".getBytes());
            process.stdin().flush();
            assertThat(process.stdout().readNBytes(4)).isEqualTo("one\n".getBytes());

            Image image = vm.snapshot(directory.resolve("taken"));

            process.stdin().write("two\n".getBytes());
            process.stdin().flush();
            assertThat(process.stdout().readNBytes(4)).isEqualTo("two\n".getBytes());
            try (Vm copy = image.start(VmConfig.defaults())) {
                assertThat(copy.exec("pidof", "cat").exitStatus()).isNotZero();
            }
            assertThat(vm.exec("pidof", "cat").exitStatus()).isZero();
        }
    }

    @Test
    void aSnapshotOfASnapshotStandsOnTheSameBase() throws Exception {
        Path first = directory.resolve("first");
        Path second = directory.resolve("second");
        try (Vm vm = counter.start(VmConfig.defaults())) {
            vm.writeFile("/root/one", "1");
            vm.snapshot(first);
        }
        try (Vm vm = Image.fromSnapshot(first).start(VmConfig.defaults())) {
            vm.writeFile("/root/two", "2");
            vm.snapshot(second);
        }
        assertThat(Files.getAttribute(second.resolve("machine/ram"), "unix:ino"))
                .isEqualTo(Files.getAttribute(counter.origin().snapshot().resolve("machine/ram"), "unix:ino"));
        try (VmPool pool = Image.fromSnapshot(second).pool().min(0).max(1).build();
                Vm vm = pool.acquire()) {
            assertThat(vm.readText("/root/one") + vm.readText("/root/two")).isEqualTo("12");
            vm.exec("rm", "/root/one");
            vm.reset();
            assertThat(vm.readText("/root/one")).isEqualTo("1");
        }
    }

    private static long count(Vm vm) {
        return Long.parseLong(vm.readText("/dev/shm/count").strip());
    }
}
