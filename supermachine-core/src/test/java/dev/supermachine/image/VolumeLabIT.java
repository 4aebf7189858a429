package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.ExecResult;
import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import dev.supermachine.VolumeSpec;
import dev.supermachine.Wait;
import dev.supermachine.snapshot.ContentHash;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Writable disks of machines on the engine on KVM, which are brought back in place. */
@Tag("lab")
@Tag("lab-only")
@Timeout(900)
class VolumeLabIT {

    private static final int CYCLES = TestImages.count("lab.resets", 20);

    @TempDir
    private Path directory;

    @Test
    void aHolderSeesNothingOfWhatTheOneBeforeWrote() throws IOException, InterruptedException {
        Path file = directory.resolve("data.img");
        Image image = Image.builder(TestImages.reference("debian-busybox"))
                .withName("lab-volumes")
                .withMemoryMib(128)
                .withSnapshotsDir(directory.resolve("snapshots"))
                .withCmd("sh", "-c", "echo baked >/data/mark; echo written; exec sleep 1000000")
                .withWait(Wait.forLog("written"))
                .withVolume(VolumeSpec.of(file, "/data").withSizeBytes(16 << 20))
                .build();
        Laboratory.assertIsKvm(image);
        Ext4Checks.assertClean(file);
        assertThat(Ext4Checks.content(file, "/mark")).isEqualTo("baked\n");
        String left = ContentHash.of(file);
        try (VmPool pool = image.pool().min(0).max(1).build()) {
            for (int cycle = 0; cycle < CYCLES; cycle++) {
                try (Vm vm = pool.acquire()) {
                    use(vm, cycle);
                    vm.reset();
                    use(vm, cycle);
                }
            }
            try (Vm vm = pool.acquire()) {
                ExecResult full = vm.exec("sh", "-c", "dd if=/dev/zero of=/data/all bs=1M");
                assertThat(full.stderrText()).contains("No space left on device");
                vm.reset();
                use(vm, CYCLES);
            }
        }
        assertThat(ContentHash.of(file)).isEqualTo(left);
        assertThat(ContentHash.of(image.origin().snapshot().resolve("volumes/0")))
                .isEqualTo(left);
    }

    private static void use(Vm vm, int cycle) {
        assertThat(Laboratory.run(vm, "cat /data/mark; ls -A /data; dmesg | grep -i 'ext4.*error'; true"))
                .as("in cycle %s", cycle)
                .isEqualTo("baked\nlost+found\nmark");
        Laboratory.run(
                vm,
                "echo cycle " + cycle
                        + " >/data/mark; head -c 1000000 /dev/urandom >/data/big; sync; cat /data/big >/dev/null");
    }
}
