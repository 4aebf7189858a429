package dev.supermachine.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.supermachine.BakeException;
import dev.supermachine.Image;
import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.Wait;
import dev.supermachine.engine.EngineSelector;
import dev.supermachine.image.TestImages;
import dev.supermachine.oci.ImageSource;
import dev.supermachine.oci.PullListener;
import dev.supermachine.rootfs.Tools;
import dev.supermachine.settings.Settings;
import dev.supermachine.snapshot.SnapshotStore;
import dev.supermachine.testing.SmallDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The disk of the snapshots fills up while a guest that is baked writes its memory, which is a mapped file there: the kernel ends the process that runs it, and
 * no write ever fails. Or it does so when the machine is captured, and a write does fail.
 */
class FullDiskIT {

    private static final int MEMORY_MIB = 256;

    @TempDir
    static Path temp;

    @BeforeAll
    static void mayMount() {
        assumeTrue(SmallDisk.isPossible(temp), "Only root may mount file systems");
    }

    /**
     * Memory ends while the kernel is loaded, while it boots, and while the workload starts, in this order.
     *
     * @param mib the disk's size; a guest that runs takes some 90 MiB, and the workload 64 more
     */
    @ParameterizedTest
    @ValueSource(ints = {24, 64, 120})
    void aDiskThatFillsWithTheMemoryOfAGuest(int mib) throws IOException {
        try (SmallDisk disk = SmallDisk.mount(temp, mib)) {
            Path root = disk.root();
            assertThatThrownBy(() -> bake(root))
                    .isInstanceOf(BakeException.class)
                    .hasMessageMatching(
                            "(?s)Baking 'filler' from oci-layout:\\S+ on the engine \\S+ failed\\. The disk is"
                                    + " full, or nearly so: a bake writes the machine's memory, here up to 256 MiB, to the"
                                    + " directory of the snapshots\\. The file system of " + root
                                    + " \\(tmpfs\\) has \\d of " + mib
                                    + " MiB free\\. Make room there, or choose another"
                                    + " directory with the setting supermachine\\.snapshots\\.dir\\. (Cannot start QEMU for"
                                    + " machine|Machine) 'bake-filler'.*")
                    .hasMessageContaining("QEMU was killed by signal 7 (SIGBUS: its memory file could not be written")
                    .hasMessageContaining(mib == 120 ? "agent: the root file system is in place" : "console");
            assertThat(files(root))
                    .containsExactlyInAnyOrder("environment.key", "locks/environment.lock", "locks/*.lock");
            assertThat(Files.getFileStore(root).getUnallocatedSpace()).isGreaterThan((mib - 1L) << 20);

            disk.resize(MEMORY_MIB);
            bake(root);
            assertThat(files(root)).contains("baked/*/machine/ram", "baked/*/manifest.json");
        }
    }

    /**
     * The memory is all there, but not the room for what the capture adds to it: the devices' state, and the manifest.
     *
     * @param left bytes on the disk when the capture begins
     */
    @ParameterizedTest
    @ValueSource(ints = {0, 16_384})
    void aDiskThatIsFullWhenTheMachineIsCaptured(int left) throws IOException {
        try (SmallDisk disk = SmallDisk.mount(temp, MEMORY_MIB + 64)) {
            Path root = disk.root();
            assertThatThrownBy(() -> Image.builder(TestImages.reference("debian-busybox"))
                            .withName("sleeper")
                            .withSnapshotsDir(root)
                            .withMemoryMib(MEMORY_MIB)
                            .withCmd("sleep", "1000")
                            .withWarmup(vm -> {
                                allocateMemory(root);
                                disk.fill(left);
                            })
                            .withWarmupTag("fills the disk")
                            .build())
                    .isInstanceOf(BakeException.class)
                    .hasMessageMatching(
                            "(?s)Baking 'sleeper' from oci-layout:\\S+ on the engine \\S+ failed\\. The disk is full, or nearly so: a bake"
                                    + " writes the machine's memory, here up to 256 MiB, to the directory of the snapshots\\. The file system"
                                    + " of " + root
                                    + " \\(tmpfs\\) has 0 of 320 MiB free\\. Make room there, or choose another directory with"
                                    + " the setting supermachine\\.snapshots\\.dir\\. .*No space left on device.*");
            assertThat(files(root))
                    .containsExactlyInAnyOrder("environment.key", "filler", "locks/environment.lock", "locks/*.lock");

            disk.makeRoom();
            // the process that had the memory mapped is killed, but nobody waits for its end
            await().atMost(Duration.ofMinutes(1))
                    .until(() -> Files.getFileStore(root).getUnallocatedSpace() > (long) MEMORY_MIB << 20);
            bake(root);
            assertThat(files(root)).contains("baked/*/machine/state", "baked/*/manifest.json");
        }
    }

    /** Gives the file of the memory all its blocks, so that it is not the guest that finds the disk full. */
    private static void allocateMemory(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            Path ram = files.filter(file -> file.endsWith("machine/ram"))
                    .findFirst()
                    .orElseThrow();
            Tools.check(temp, "fallocate", "--length", Files.size(ram) + "", ram.toString());
        }
    }

    private static void bake(Path root) {
        Settings settings = Settings.system();
        SnapshotStore store = new SnapshotStore(root, settings);
        BakeRequest request = new BakeRequest(
                "filler",
                TestImages.reference("debian-busybox"),
                ImageSource.of(TestImages.reference("debian-busybox")),
                Platform.LINUX_AMD64,
                PullPolicy.IF_MISSING,
                MEMORY_MIB,
                1,
                8080,
                Optional.of(Wait.forListener()),
                List.of("sh", "-c", "dd if=/dev/zero of=/dev/shm/filler bs=1M count=64 && httpd -f -p 8080"),
                Map.of(),
                List.of(),
                Map.of(),
                Optional.empty());
        Baker.Baked baked = new Baker(settings, store, PullListener.SILENT, (machine, mib) -> () -> {})
                .bake(request, EngineSelector.select(settings.engine().orElse(null)));
        assertThat(baked.baked()).isTrue();
        baked.use().close();
    }

    private static List<String> files(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> root.relativize(file).toString().replaceAll("[0-9a-f]{64}", "*"))
                    .toList();
        }
    }
}
