package dev.supermachine.engine.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.SnapshotException;
import dev.supermachine.bake.BakeRequest;
import dev.supermachine.bake.Baker;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.image.TestImages;
import dev.supermachine.oci.ImageSource;
import dev.supermachine.oci.ProgressRenderer;
import dev.supermachine.settings.Settings;
import dev.supermachine.snapshot.SnapshotStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A snapshot is restored by the version of QEMU that captured it and by no other. The other one is the program that a property names, or else the same program under
 * the name of another version.
 */
@Timeout(300)
class QemuVersionIT {

    private static final String OTHER = "supermachine.test.qemu.other";
    private static final String BUSYBOX = TestImages.reference("debian-busybox");

    @TempDir
    private Path directory;

    @Test
    void eachVersionBakesForItself() throws IOException {
        QemuBinary here = QemuBinary.find();
        QemuBinary there = QemuBinary.check(other(here));
        assertThat(there.version()).isNotEqualTo(here.version());
        Hypervisor old = engine(here);
        Hypervisor changed = engine(there);
        assertThat(changed.identity()).isEqualTo(old.identity().replace(here.version(), there.version()));

        Settings settings = Settings.system();
        SnapshotStore store = new SnapshotStore(directory.resolve("snapshots"), settings);
        Baker baker = new Baker(settings, store, ProgressRenderer.forStandardError(), (machine, mib) -> () -> {});
        try (var first = baker.bake(request(), old).use();
                var second = baker.bake(request(), changed).use()) {
            assertThat(second.snapshot().directory())
                    .isNotEqualTo(first.snapshot().directory());
            assertThat(baker.bake(request(), old).baked()).isFalse();
            assertThat(baker.bake(request(), changed).baked()).isFalse();
            first.snapshot().requireEngine(old.id(), old.identity());
            second.snapshot().requireEngine(changed.id(), changed.identity());
            assertThatThrownBy(() -> first.snapshot().requireEngine(changed.id(), changed.identity()))
                    .isInstanceOf(SnapshotException.class)
                    .hasMessageContaining("captured by engine qemu-tcg (qemu-tcg; QEMU " + here.version() + ";")
                    .hasMessageContaining("this machine has engine qemu-tcg (qemu-tcg; QEMU " + there.version() + ";")
                    .hasMessageEndingWith("Bake it on a machine like this one.");
            assertThatThrownBy(() -> second.snapshot().requireEngine(old.id(), old.identity()))
                    .isInstanceOf(SnapshotException.class)
                    .hasMessageContaining("captured by engine qemu-tcg (qemu-tcg; QEMU " + there.version() + ";");
        }
    }

    private static BakeRequest request() {
        return new BakeRequest(
                "version",
                BUSYBOX,
                ImageSource.of(BUSYBOX),
                Platform.LINUX_AMD64,
                PullPolicy.IF_MISSING,
                128,
                1,
                80,
                Optional.empty(),
                List.of("sleep", "1000000"),
                Map.of(),
                List.of(),
                Map.of(),
                Optional.of("qemu-tcg"));
    }

    /** An engine that has found this program. */
    private static Hypervisor engine(QemuBinary binary) {
        String before = System.getProperty(QemuBinary.SETTING);
        System.setProperty(QemuBinary.SETTING, binary.path().toString());
        try {
            Hypervisor engine = new QemuTcgHypervisor();
            assertThat(engine.probe().usable()).as(engine.probe().reason()).isTrue();
            return engine;
        } finally {
            restore(before);
        }
    }

    private static void restore(@Nullable String before) {
        if (before == null) {
            System.clearProperty(QemuBinary.SETTING);
        } else {
            System.setProperty(QemuBinary.SETTING, before);
        }
    }

    private Path other(QemuBinary here) throws IOException {
        String named = System.getProperty(OTHER);
        if (named != null) {
            return Path.of(named);
        }
        Path script = Files.writeString(
                directory.resolve("qemu"),
                "#!/bin/sh\n[ \"$1\" = --version ] && exec echo 'QEMU emulator version 99.1.0 (other)'\nexec '"
                        + here.path() + "' \"$@\"\n");
        return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    }
}
