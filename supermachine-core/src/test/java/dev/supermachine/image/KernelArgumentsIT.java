package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.BakeException;
import dev.supermachine.Image;
import dev.supermachine.OciImageBuilder;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.testing.MachineProcesses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a guest's kernel does with further arguments, those that keep it from booting among them. */
class KernelArgumentsIT {

    @TempDir
    private Path directory;

    private Path store;

    @BeforeEach
    void makeStore() {
        store = directory.resolve("snapshots");
    }

    @AfterEach
    void forgetTheTimeout() {
        System.clearProperty("supermachine.bake.timeout");
    }

    @Test
    void theyComeLastInTheOrderOfTheCalls() {
        // The first program is /init of the initial file system, whatever init= says.
        Image image = builder()
                .withExtraKernelArg("init=/nope")
                .withExtraKernelArg("panic=1")
                .withExtraKernelArg("quiet")
                .withExtraKernelArg("panic=2")
                .build();
        try (Vm vm = image.start(VmConfig.defaults())) {
            assertThat(vm.exec("cat", "/proc/cmdline").stdoutText())
                    .contains("panic=-1")
                    .endsWith(" init=/nope panic=1 quiet panic=2\n");
            // The last of those that contradict each other counts.
            assertThat(vm.exec("cat", "/proc/sys/kernel/panic").stdoutText()).isEqualTo("2\n");
        }
    }

    @Test
    void aKernelThatPanicsFailsTheBakeWithItsLastWords() throws IOException {
        assertThatThrownBy(() -> builder().withExtraKernelArg("rdinit=/nope").build())
                .isInstanceOf(BakeException.class)
                .hasMessageStartingWith("Baking 'panics' from oci-layout:")
                .hasMessageContaining("The machine did not boot in two attempts.")
                .hasMessageContaining("Kernel panic - not syncing: VFS: Unable to mount root fs");
        nothingIsLeft();
    }

    @Test
    void aKernelThatStaysInItsPanicFailsTheBakeWhenItsTimeIsOver() throws IOException {
        System.setProperty("supermachine.bake.timeout", "40 s");
        assertThatThrownBy(() -> builder()
                        .withExtraKernelArg("rdinit=/nope")
                        .withExtraKernelArg("panic=0")
                        .build())
                .isInstanceOf(BakeException.class)
                .hasMessageContaining("Kernel panic - not syncing: VFS: Unable to mount root fs");
        nothingIsLeft();
    }

    private OciImageBuilder builder() {
        return Image.builder(TestImages.reference("debian-busybox"))
                .withSnapshotsDir(store)
                .withName("panics")
                .withCmd("sleep", "1000000");
    }

    /** But for the lock of the bake, which the next one takes. */
    private void nothingIsLeft() throws IOException {
        assertThat(MachineProcesses.naming(store).stream().filter(MachineProcesses::runs))
                .isEmpty();
        try (Stream<Path> files = Files.walk(store)) {
            List<String> left = files.filter(Files::isRegularFile)
                    .map(file -> store.relativize(file).toString().replaceAll("[0-9a-f]{64}", "*"))
                    .toList();
            assertThat(left).containsExactlyInAnyOrder("environment.key", "locks/environment.lock", "locks/*.lock");
        }
    }
}
