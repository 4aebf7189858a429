package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.supermachine.ExecProcess;
import dev.supermachine.Image;
import dev.supermachine.SnapshotException;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import dev.supermachine.VolumeSpec;
import dev.supermachine.Wait;
import dev.supermachine.testing.SmallDisk;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots of machines that run and go on: what the copies have of them, and that they notice nothing. */
class LiveSnapshotIT {

    private static final int SNAPSHOTS = TestImages.count("snapshots", 20);

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
            process.stdin().write("one\n".getBytes(StandardCharsets.US_ASCII));
            process.stdin().flush();
            assertThat(process.stdout().readNBytes(4)).isEqualTo("one\n".getBytes(StandardCharsets.US_ASCII));

            Image image = vm.snapshot(directory.resolve("taken"));

            process.stdin().write("two\n".getBytes(StandardCharsets.US_ASCII));
            process.stdin().flush();
            assertThat(process.stdout().readNBytes(4)).isEqualTo("two\n".getBytes(StandardCharsets.US_ASCII));
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

    @Test
    void aSnapshotOutlivesWhatItStandsOnAndItsPlace() throws Exception {
        Path store = directory.resolve("store");
        Image base = Image.builder(TestImages.reference("debian-busybox"))
                .withName("test-short-lived")
                .withSnapshotsDir(store)
                .withCmd("sleep", "100000")
                .build();
        try (Vm vm = base.start(VmConfig.defaults())) {
            vm.writeFile("/root/file", "content");
            vm.snapshot(directory.resolve("taken"));
        }
        deleteTree(base.origin().snapshot());
        Path moved = Files.move(directory.resolve("taken"), directory.resolve("else, where"));
        try (Vm vm = Image.fromSnapshot(moved).start(VmConfig.defaults())) {
            assertThat(vm.readText("/root/file")).isEqualTo("content");
            assertThat(vm.exec("pidof", "sleep").success()).isTrue();
            vm.snapshot(directory.resolve("again"));
        }
    }

    @Test
    void aCompactedOneBehavesAlike() throws Exception {
        Path compact = directory.resolve("compact");
        try (Vm vm = counter.start(VmConfig.defaults())) {
            vm.writeFile("/root/file", "content");
            Image taken = vm.snapshot(directory.resolve("taken"));
            assertThat(taken.compact(compact).origin().snapshot()).isEqualTo(compact);
        }
        deleteTree(directory.resolve("taken"));
        Path next = directory.resolve("next");
        try (Vm vm = Image.fromSnapshot(compact).start(VmConfig.defaults())) {
            assertThat(vm.readText("/root/file")).isEqualTo("content");
            long first = count(vm);
            await().until(() -> count(vm) > first);
            vm.writeFile("/root/file", "changed");
            vm.snapshot(next);
            vm.reset();
            assertThat(vm.readText("/root/file")).isEqualTo("content");
        }
        assertThat(Files.isSameFile(next.resolve("machine/ram"), compact.resolve("machine/ram")))
                .isTrue();
        try (Vm vm = Image.fromSnapshot(next).start(VmConfig.defaults())) {
            assertThat(vm.readText("/root/file")).isEqualTo("changed");
        }
    }

    @Test
    void aBusyMachineIsWholeInEachOfManySnapshots() throws Exception {
        Image busy = Image.builder(TestImages.reference("debian-busybox"))
                .withName("test-busy")
                .withCmd(
                        "sh",
                        "-c",
                        "cd /dev/shm; echo ready; while :; do dd if=/dev/urandom of=new bs=64k count=8 2>/dev/null;"
                                + " sha256sum <new >sum; mkdir next; mv new sum next; rm -rf good; mv next good; done")
                .withWait(Wait.forLog("ready"))
                .build();
        try (Vm vm = busy.start(VmConfig.defaults())) {
            String seen = "";
            for (int i = 0; i < SNAPSHOTS; i++) {
                Path taken = directory.resolve("taken" + i);
                try (Vm copy = vm.snapshot(taken).start(VmConfig.defaults())) {
                    seen = consistent(copy, seen);
                    consistent(copy, seen);
                }
                deleteTree(taken);
            }
            consistent(vm, seen);
        }
    }

    /** Waits until there is a sum of something new, and checks it. */
    private static String consistent(Vm vm, String before) {
        // One directory is opened once, so both files are of the same round, whatever is moved meanwhile.
        String[] sum = new String[1];
        await().atMost(Duration.ofMinutes(1)).until(() -> {
            String text = vm.exec("sh", "-c", "cd /dev/shm/good && cat sum && sha256sum <new")
                    .stdoutText();
            String[] lines = text.split("\n", -1);
            sum[0] = lines[0];
            return lines.length == 3 && !lines[0].equals(before) && lines[1].equals(lines[0]);
        });
        return sum[0];
    }

    @Test
    void aFullDiskLeavesNothingAndTheMachineGoesOn() throws Exception {
        assumeTrue(SmallDisk.isPossible(directory), "Only root may mount file systems");
        try (SmallDisk disk = SmallDisk.mount(directory, 4);
                Vm vm = counter.start(VmConfig.defaults())) {
            Path taken = disk.root().resolve("taken");
            vm.writeFile("/root/file", "content");
            assertThatThrownBy(() -> vm.snapshot(taken))
                    .isInstanceOf(SnapshotException.class)
                    .hasMessageStartingWith("The snapshot of the machine '" + vm.name() + "' could not be written to "
                            + taken + ": Cannot write what machine '" + vm.name() + "' is now into " + disk.root())
                    .hasMessageContaining("No space left on device");
            try (Stream<Path> left = Files.list(disk.root())) {
                assertThat(left).isEmpty();
            }
            long first = count(vm);
            await().until(() -> count(vm) > first);
            try (Vm copy = vm.snapshot(directory.resolve("taken")).start(VmConfig.defaults())) {
                assertThat(copy.readText("/root/file")).isEqualTo("content");
            }
        }
    }

    @Test
    void aVolumeIsCapturedWithItsMachine() {
        Path first = directory.resolve("first");
        Image base = Image.builder(TestImages.reference("debian-busybox"))
                .withName("test-volume")
                .withSnapshotsDir(directory.resolve("snapshots"))
                .withCmd("sh", "-c", "echo baked >/data/mark; echo written; exec sleep 100000")
                .withWait(Wait.forLog("written"))
                .withVolume(
                        VolumeSpec.of(directory.resolve("data.img"), "/data").withSizeBytes(64L << 20))
                .build();
        try (Vm vm = base.start(VmConfig.defaults())) {
            vm.exec("sh", "-c", "echo before >>/data/mark");
            vm.snapshot(first);
            vm.exec("sh", "-c", "echo after >>/data/mark && sync");
            assertThat(vm.readText("/data/mark")).isEqualTo("baked\nbefore\nafter\n");
        }
        Image compacted = Image.fromSnapshot(first).compact(directory.resolve("compacted"));
        for (Image image : List.of(Image.fromSnapshot(first), compacted)) {
            try (Vm vm = image.start(VmConfig.defaults())) {
                assertThat(vm.readText("/data/mark")).isEqualTo("baked\nbefore\n");
                vm.exec("sh", "-c", "echo copy >>/data/mark && sync");
                vm.reset();
                assertThat(vm.readText("/data/mark")).isEqualTo("baked\nbefore\n");
                assertThat(vm.exec("sh", "-c", "dmesg | grep -ci 'ext4.*error' || true")
                                .stdoutText())
                        .isEqualTo("0\n");
            }
        }
    }

    @Test
    void aMachineThatWasGivenUpHasNoSnapshot() {
        Vm vm = counter.start(VmConfig.defaults());
        vm.close();
        assertThatThrownBy(() -> vm.snapshot(directory.resolve("taken")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("The machine '" + vm.name()
                        + "' was given up: its holder has closed it, or its pool was closed.");
        assertThat(directory).isEmptyDirectory();
    }

    private static void deleteTree(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private static long count(Vm vm) {
        return Long.parseLong(vm.readText("/dev/shm/count").strip());
    }
}
