package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.BakeException;
import dev.supermachine.Image;
import dev.supermachine.SnapshotException;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is baked, what is reused, and what a bake says when it fails. Each test has a store of its own. */
@Tag("smoke")
class BakeIT {

    private final String busybox = TestImages.reference("debian-busybox");

    @TempDir
    private Path directory;

    private Path store;

    @BeforeEach
    void makeStore() {
        store = directory.resolve("snapshots");
    }

    @Test
    void aSnapshotIsMadeOnceAndFoundAgainByItsInputs() {
        Image first = sleeping();
        Image second = sleeping();

        assertThat(first.origin().baked()).isTrue();
        assertThat(second.origin().baked()).isFalse();
        assertThat(second.origin().snapshot()).isEqualTo(first.origin().snapshot());

        Image other = Image.ensureBaked(
                "sleeper", busybox, builder -> builder.withSnapshotsDir(store).withCmd("sleep", "1001"));
        assertThat(other.origin().baked()).isTrue();
        assertThat(other.origin().snapshot()).isNotEqualTo(first.origin().snapshot());
    }

    @Test
    void withoutAListenerEveryRestoreStartsTheWorkloadItself() {
        Image image = Image.builder(busybox)
                .withSnapshotsDir(store)
                .withCmd("sh", "-c", "echo started by $NAME in $PLACE; sleep 1000")
                .withEnv("PLACE", "the image")
                .build();

        for (String name : new String[] {"one", "two"}) {
            try (Vm vm = image.start(VmConfig.defaults().withEnv("NAME", name))) {
                assertThat(logs(vm)).isEqualTo("started by " + name + " in the image\n");
            }
        }
    }

    @Test
    void archivesOfBothKindsWork() {
        for (String archive : new String[] {"debian-busybox.oci-archive.tar", "debian-busybox.docker-archive.tar"}) {
            Image image = Image.builder("busybox")
                    .withOciArchive(TestImages.file(archive))
                    .withSnapshotsDir(store)
                    .withCmd("sleep", "1000")
                    .build();
            assertThat(image.name()).isEqualTo("busybox_latest");
            try (Vm vm = image.start(VmConfig.defaults())) {
                assertThat(vm.exec("echo", "here").stdoutText()).isEqualTo("here\n");
            }
        }
    }

    @Test
    void aSnapshotMayBeMovedAndOpenedByItsPath() throws IOException {
        Path moved = directory.resolve("elsewhere");
        Files.move(sleeping().origin().snapshot(), moved);

        try (Vm vm = Image.fromSnapshot(moved).start(VmConfig.defaults())) {
            assertThat(vm.exec("echo", "moved").stdoutText()).isEqualTo("moved\n");
        }
    }

    @Test
    void aDamagedSnapshotIsRefusedByItsPathAndBakedAnewByItsInputs() throws IOException {
        Image image = sleeping();
        Path ram;
        try (Stream<Path> files = Files.walk(image.origin().snapshot())) {
            ram = files.filter(file -> file.endsWith("ram")).findFirst().orElseThrow();
        }
        try (FileChannel channel = FileChannel.open(ram, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() / 2);
        }

        assertThatThrownBy(() -> Image.fromSnapshot(image.origin().snapshot()))
                .isInstanceOf(SnapshotException.class)
                .hasMessageContaining("ram");

        Image again = sleeping();
        assertThat(again.origin().baked()).isTrue();
        try (Vm vm = again.start(VmConfig.defaults())) {
            assertThat(vm.exec("true").success()).isTrue();
        }
    }

    @Test
    void aWorkloadThatEndsBeforeItListensIsReportedWithItsOutput() {
        assertThatThrownBy(() -> Image.builder(busybox)
                        .withSnapshotsDir(store)
                        .withCmd("sh", "-c", "echo cannot find my configuration; exit 7")
                        .withGuestPort(8080)
                        .withListenerRequired()
                        .build())
                .isInstanceOf(BakeException.class)
                .hasMessageContaining("exited with status 7")
                .hasMessageContaining("a listener on port 8080: nothing listened on port 8080")
                .hasMessageContaining("cannot find my configuration");
        assertThat(store.resolve("baked"))
                .satisfiesAnyOf(
                        path -> assertThat(path).doesNotExist(),
                        path -> assertThat(path).isEmptyDirectory());
    }

    @Test
    void aWorkloadThatCannotBeExecutedIsNamed() {
        assertThatThrownBy(() -> Image.builder(busybox)
                        .withSnapshotsDir(store)
                        .withCmd("/no/such/server")
                        .withListenerRequired()
                        .build())
                .isInstanceOf(BakeException.class)
                .hasMessageContaining("/no/such/server");
    }

    @Test
    void nothingListeningUntilTheDeadlineIsReported() {
        System.setProperty("supermachine.bake.timeout", "15 s");
        try {
            assertThatThrownBy(() -> Image.builder(busybox)
                            .withSnapshotsDir(store)
                            .withCmd("sh", "-c", "echo idle; sleep 1000")
                            .withGuestPort(8080)
                            .withListenerRequired()
                            .build())
                    .isInstanceOf(BakeException.class)
                    .hasMessageContaining("It was not ready within ")
                    .hasMessageContaining("a listener on port 8080: nothing listened on port 8080")
                    .hasMessageContaining("idle");
        } finally {
            System.clearProperty("supermachine.bake.timeout");
        }
    }

    private Image sleeping() {
        return Image.ensureBaked(
                "sleeper", busybox, builder -> builder.withSnapshotsDir(store).withCmd("sleep", "1000"));
    }

    private static String logs(Vm vm) {
        return await().until(vm::logs, text -> text.endsWith("\n"));
    }
}
