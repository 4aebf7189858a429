package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.BakeException;
import dev.supermachine.ExecResult;
import dev.supermachine.Image;
import dev.supermachine.OciImageBuilder;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VolumeSpec;
import dev.supermachine.Wait;
import dev.supermachine.hash.Sha256;
import dev.supermachine.linux.SparseFile;
import dev.supermachine.testing.Background;
import dev.supermachine.testing.MachineProcesses;
import dev.supermachine.volume.VolumeFile;
import dev.supermachine.volume.VolumeLocks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Writable disks in real machines. Each test has a store of its own. */
class VolumeIT {

    private static final long SIZE = 64L << 20;

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void nameFile() {
        file = directory.resolve("volumes/data.img");
    }

    @Test
    @Tag("smoke")
    void whatTheBakeWritesIsInTheFileAndInEveryMachine() throws IOException, InterruptedException {
        Image image = appending("one").build();

        Ext4Checks.assertClean(file);
        assertThat(Ext4Checks.content(file, "/mark")).isEqualTo("one\n");
        assertThat(SparseFile.allocatedBytes(file)).isLessThan(SIZE / 4);
        String hash = hash();
        for (int machine = 0; machine < 2; machine++) {
            try (Vm vm = image.start(VmConfig.defaults())) {
                assertThat(run(vm, "cat /data/mark; ls -A /data; grep /data /proc/mounts"))
                        .startsWith("one\nlost+found\nmark\n/dev/vd")
                        .contains(" /data ext4 rw");
                run(vm, "echo more >>/data/mark; head -c 8388608 /dev/urandom >/data/big; sync");
                vm.reset();
                assertThat(run(vm, "cat /data/mark; ls -A /data")).isEqualTo("one\nlost+found\nmark");
            }
        }
        assertThat(hash()).isEqualTo(hash);
        Ext4Checks.assertClean(image.origin().snapshot().resolve("volumes/0"));
    }

    @Test
    void aSecondBuildFindsTheSnapshotUnlessSomebodyElseHasChangedTheFile() throws IOException, InterruptedException {
        Image first = appending("one").build();
        String left = hash();
        isFound(first, left);

        // What the bake had made is made again.
        Files.delete(file);
        isFound(first, left);

        // A file that is as it was before the bake: in this case, zeros.
        Files.write(file, new byte[(int) SIZE]);
        isFound(first, left);

        // Another bake goes on with what it finds.
        Image second = appending("two").build();
        assertThat(second.origin().baked()).isTrue();
        assertThat(Ext4Checks.content(file, "/mark")).isEqualTo("one\ntwo\n");
        String leftBySecond = hash();
        assertThat(appending("two").build().origin().baked()).isFalse();

        // Which is a change for the first one.
        Image third = appending("one").build();
        assertThat(third.origin().baked()).isTrue();
        assertThat(third.origin().snapshot()).isNotEqualTo(first.origin().snapshot());
        assertThat(Ext4Checks.content(file, "/mark")).isEqualTo("one\ntwo\none\n");
        assertThat(hash()).isNotEqualTo(leftBySecond);
        assertThat(appending("one").build().origin().baked()).isFalse();
    }

    private void isFound(Image first, String left) throws IOException {
        Image again = appending("one").build();
        assertThat(again.origin().baked()).isFalse();
        assertThat(again.origin().snapshot()).isEqualTo(first.origin().snapshot());
        assertThat(hash()).isEqualTo(left);
    }

    @Test
    void aSeedIsBakedFromAndFoundByItsContent() throws IOException, InterruptedException {
        Path seed = directory.resolve("seed.img");
        appending("seed").build();
        Files.createDirectories(seed.getParent());
        Files.move(file, seed);
        Files.copy(seed, file);

        Image image = appending("more").build();
        assertThat(Ext4Checks.content(file, "/mark")).isEqualTo("seed\nmore\n");

        // As a checkout would bring it back.
        String left = hash();
        Files.delete(file);
        Files.copy(seed, file);
        Image again = appending("more").build();
        assertThat(again.origin().baked()).isFalse();
        assertThat(again.origin().snapshot()).isEqualTo(image.origin().snapshot());
        assertThat(hash()).isEqualTo(left);

        // A bake that began with the seed is not one that begins with nothing.
        Files.delete(file);
        Image fresh = appending("more").build();
        assertThat(fresh.origin().baked()).isTrue();
        assertThat(Ext4Checks.content(file, "/mark")).isEqualTo("more\n");
    }

    @Test
    void twoMachinesSeeOnlyTheirOwnAndTheDisksAreTheWorkloadsToo() {
        Image image = builder("mkdir /data/log; echo written; while true; do date >>/data/log/dates; sleep 0.1; done")
                .build();
        String hash = hash();
        try (Vm one = image.start(VmConfig.defaults());
                Vm two = image.start(VmConfig.defaults())) {
            run(one, "echo one >/data/own; sync");
            run(two, "echo two >/data/own; echo x >/data/two; sync");
            assertThat(run(one, "cat /data/own; ls /data")).isEqualTo("one\nlog\nlost+found\nown");
            assertThat(run(two, "cat /data/own; ls /data")).isEqualTo("two\nlog\nlost+found\nown\ntwo");
            String shell = "wc -l </data/log/dates; sleep 1; wc -l </data/log/dates";
            String[] lines = run(one, shell).split("\n", -1);
            assertThat(Integer.parseInt(lines[1].strip()))
                    .as("the workload goes on writing")
                    .isGreaterThan(Integer.parseInt(lines[0].strip()));
            assertThat(run(one, "dmesg | grep -i 'ext4.*error'; true")).isEmpty();
        }
        assertThat(hash()).isEqualTo(hash);
    }

    @Test
    void aFullVolumeIsTheGuestsOwnTrouble() {
        Image image = appending("one").build();
        try (Vm vm = image.start(VmConfig.defaults())) {
            ExecResult full = vm.exec("sh", "-c", "dd if=/dev/urandom of=/data/all bs=1M");
            assertThat(full.success()).isFalse();
            assertThat(full.stderrText()).contains("No space left on device");
            assertThat(
                            run(
                                    vm,
                                    "cat /data/mark; rm /data/all; echo again >/data/again; sync; cat /data/again; df -m /data | tail -n 1"))
                    .startsWith("one\nagain\n");
            assertThat(run(vm, "dmesg | grep -i 'ext4.*error'; true")).isEmpty();
            vm.reset();
            assertThat(run(vm, "ls /data")).isEqualTo("lost+found\nmark");
        }
    }

    @Test
    void severalVolumesTakeOverTheirDirectoriesOwners() throws IOException, InterruptedException {
        Path other = directory.resolve("other.img");
        Image image = Image.builder(TestImages.reference("debian-busybox"))
                .withName("volumes")
                .withMemoryMib(128)
                .withSnapshotsDir(directory.resolve("snapshots"))
                .withCmd("sleep", "1000000")
                .withVolume(VolumeSpec.of(file, "/tmp").withSizeBytes(SIZE))
                .withVolume(VolumeSpec.of(other, "/made/by/the/agent").withSizeBytes(16 << 20))
                .build();
        try (Vm vm = image.start(VmConfig.defaults())) {
            assertThat(run(vm, "stat -c '%a %u' /tmp /made/by/the/agent")).isEqualTo("1777 0\n755 0");
            assertThat(run(vm, "ls /tmp; echo x >/made/by/the/agent/y; cat /made/by/the/agent/y"))
                    .isEqualTo("lost+found\nx");
        }
        Ext4Checks.assertClean(file);
        Ext4Checks.assertClean(other);
    }

    @Test
    void aBakeThatFailsLeavesTheFileAsItWas() throws IOException {
        assertThatThrownBy(() -> builder("echo x >/data/x; sync; exit 1").build())
                .isInstanceOf(BakeException.class);
        assertThat(file).doesNotExist();
        try (Stream<Path> files = Files.list(file.resolveSibling("."))) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void whatCannotBeAVolumeIsToldBeforeAnythingBoots() throws IOException {
        Files.createDirectories(file);
        refused("it is a directory");
        Files.delete(file);
        Files.writeString(file, "short");
        refused("it has 5 bytes, but the volume is to have 67108864");
        assertThat(directory.resolve("snapshots/baked")).doesNotExist();
        assertThat(MachineProcesses.naming(directory)).isEmpty();
    }

    @Test
    void aFileThatAnotherBakeHasIsRefusedWithItsProcess() throws Exception {
        VolumeSpec volume = VolumeSpec.of(file, "/data").withSizeBytes(SIZE);
        try (VolumeLocks other = new VolumeLocks()) {
            other.acquire(List.of(VolumeFile.read(volume)), "another");
            assertThatThrownBy(() -> appending("one").build())
                    .isInstanceOf(BakeException.class)
                    .hasMessageStartingWith("The file " + file + " of the volume at /data is in use by process "
                            + ProcessHandle.current().pid() + ", which has been baking 'another' since ");
            assertThat(MachineProcesses.naming(directory)).isEmpty();
        }
        // The same inputs at once are one bake.
        CompletableFuture<Image> one = Background.supply(() -> appending("one").build());
        CompletableFuture<Image> two = Background.supply(() -> appending("one").build());
        assertThat(List.of(one.get().origin().baked(), two.get().origin().baked()))
                .containsExactlyInAnyOrder(true, false);
        assertThat(Ext4Checks.content(file, "/mark")).isEqualTo("one\n");
    }

    private void refused(String why) {
        assertThatThrownBy(() -> appending("x").build())
                .isInstanceOf(BakeException.class)
                .hasMessageStartingWith("The file " + file + " cannot be a volume: ")
                .hasMessageContaining(why);
    }

    @Test
    void whereTheImageLeadsToPlacesOfTheGuestItselfNothingIsMounted() {
        assertThatThrownBy(() -> Image.builder(TestImages.reference("debian-busybox"))
                        .withName("volumes")
                        .withMemoryMib(128)
                        .withSnapshotsDir(directory.resolve("snapshots"))
                        .withExtraFile(Files.createSymbolicLink(directory.resolve("link"), Path.of("/etc")), "/link")
                        .withCmd("sleep", "1000000")
                        .withVolume(VolumeSpec.of(file, "/link").withSizeBytes(SIZE))
                        .build())
                .isInstanceOf(BakeException.class)
                .hasMessageContaining(
                        "a volume cannot be mounted at /link, because that is /etc in the image, which the guest needs itself");
    }

    private OciImageBuilder appending(String mark) {
        return builder("echo " + mark + " >>/data/mark; echo written; exec sleep 1000000");
    }

    private OciImageBuilder builder(String command) {
        return Image.builder(TestImages.reference("debian-busybox"))
                .withName("volumes")
                .withMemoryMib(128)
                .withSnapshotsDir(directory.resolve("snapshots"))
                .withCmd("sh", "-c", command)
                .withWait(Wait.forLog("written"))
                .withVolume(VolumeSpec.of(file, "/data").withSizeBytes(SIZE));
    }

    private String hash() {
        try {
            return Sha256.hex(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String run(Vm vm, String shell) {
        return Laboratory.run(vm, shell);
    }
}
