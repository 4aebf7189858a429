package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Image;
import dev.supermachine.OciImageBuilder;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VolumeSpec;
import dev.supermachine.hash.Sha256;
import dev.supermachine.linux.SparseFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
        Image image = writing("one");

        Ext4Checks.assertClean(file);
        assertThat(Ext4Checks.content(file, "/mark")).isEqualTo("one\n");
        assertThat(SparseFile.allocatedBytes(file)).isLessThan(SIZE / 4);
        String hash = Sha256.hex(Files.readAllBytes(file));
        for (int machine = 0; machine < 2; machine++) {
            try (Vm vm = image.start(VmConfig.defaults())) {
                assertThat(run(vm, "cat /data/mark; ls -A /data; stat -f -c %T /data"))
                        .isEqualTo("one\nlost+found\nmark\next2/ext3");
                run(vm, "echo more >>/data/mark; dd if=/dev/urandom of=/data/big bs=1M count=8 2>/dev/null; sync");
                vm.reset();
                assertThat(run(vm, "cat /data/mark; ls -A /data")).isEqualTo("one\nlost+found\nmark");
            }
        }
        assertThat(Sha256.hex(Files.readAllBytes(file))).isEqualTo(hash);
        Ext4Checks.assertClean(image.origin().snapshot().resolve("volumes/0"));
        assertThat(writing("one").origin().baked()).isFalse();
    }

    private Image writing(String mark) {
        return builder("echo " + mark + " >>/data/mark; echo written; exec sleep 1000000")
                .build();
    }

    private OciImageBuilder builder(String command) {
        return Image.builder(TestImages.reference("debian-busybox"))
                .withName("volumes")
                .withMemoryMib(128)
                .withSnapshotsDir(directory.resolve("snapshots"))
                .withCmd("sh", "-c", command)
                .withWait(dev.supermachine.Wait.forLog("written"))
                .withVolume(VolumeSpec.of(file, "/data").withSizeBytes(SIZE));
    }

    private static String run(Vm vm, String shell) {
        return Laboratory.run(vm, shell);
    }
}
