package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.BakeException;
import dev.supermachine.Image;
import dev.supermachine.PullPolicy;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples that the setters' first documentation gave, in Java and with the images of this project. */
class BuilderExamplesIT {

    @TempDir
    private Path directory;

    private Path store;

    @BeforeEach
    void makeStore() {
        store = directory.resolve("snapshots");
    }

    /** A web server in place of the image's command, on another port. */
    @Test
    void aCommandAndItsPort() {
        Image image = Image.builder(TestImages.reference("debian-busybox"))
                .withSnapshotsDir(store)
                .withCmd("httpd", "-f", "-p", "8080")
                .withGuestPort(8080)
                .withListenerRequired()
                .build();
        assertThat(image.guestPort()).isEqualTo(8080);
        try (Vm vm = image.start(VmConfig.defaults())) {
            assertThat(vm.exec("wget", "-q", "-O", "-", "http://127.0.0.1:8080/etc/passwd")
                            .stdoutText())
                    .contains("root:");
        }
    }

    /** The bytes from an archive, the reference as a name. */
    @Test
    void anArchiveUnderALogicalName() {
        Image image = Image.builder("shop-test:latest")
                .withOciArchive(TestImages.file("debian-busybox.oci-archive.tar"))
                .withSnapshotsDir(store)
                .withCmd("sleep", "1000000")
                .build();
        assertThat(image.name()).isEqualTo("shop-test_latest");
        assertThat(image.reference()).isEqualTo("shop-test:latest");
    }

    /** The same from the unpacked form; and both prefixed forms of the reference. */
    @Test
    void aLayoutUnderALogicalNameAndPrefixedReferences() {
        Image layout = Image.builder("shop-test:latest")
                .withOciLayout(TestImages.file("debian-busybox.oci"))
                .withSnapshotsDir(store)
                .withCmd("sleep", "1000000")
                .build();
        assertThat(layout.name()).isEqualTo("shop-test_latest");
        Image prefixed = Image.builder("oci-layout:" + TestImages.file("debian-busybox.oci"))
                .withSnapshotsDir(store)
                .withCmd("sleep", "1000000")
                .build();
        // The same bytes, wherever they are and whatever they are called.
        assertThat(prefixed.origin().snapshot()).isEqualTo(layout.origin().snapshot());
    }

    /** Two configurations of one image, side by side under names of their own. */
    @Test
    void oneImageTwiceUnderTwoNames() {
        Image small = configured("small", 128, "S");
        Image large = configured("large", 192, "L");
        assertThat(small.origin().snapshot()).isNotEqualTo(large.origin().snapshot());
        assertThat(small.memoryMib()).isEqualTo(128);
        assertThat(large.memoryMib()).isEqualTo(192);
        try (Vm one = small.start(VmConfig.defaults());
                Vm two = large.start(VmConfig.defaults())) {
            assertThat(one.exec("sh", "-c", "echo $SIZE").stdoutText()).isEqualTo("S\n");
            assertThat(two.exec("sh", "-c", "echo $SIZE").stdoutText()).isEqualTo("L\n");
            // The kernel keeps some of it for itself.
            assertThat(totalMib(one)).isBetween(64, 128);
            assertThat(totalMib(two)).isBetween(129, 192);
        }
    }

    private static int totalMib(Vm vm) {
        String line = vm.exec("grep", "MemTotal", "/proc/meminfo").stdoutText();
        return Integer.parseInt(line.replaceAll("[^0-9]", "")) / 1024;
    }

    private Image configured(String name, int memoryMib, String size) {
        return Image.ensureBaked(
                name,
                TestImages.reference("debian-busybox"),
                builder -> builder.withSnapshotsDir(store)
                        .withPullPolicy(PullPolicy.NEVER)
                        .withMemoryMib(memoryMib)
                        .withEnv("SIZE", "wrong")
                        .withEnv("SIZE", size)
                        .withCmd("sleep", "1000000"));
    }

    /** A file that has to be there when the machine boots, and the multi-processor machine that it was for. */
    @Test
    void anExtraFileInAMachineOfTwoProcessors() throws IOException {
        Path module = Files.writeString(directory.resolve("parking.ko"), "not really a module");
        Image image = Image.builder(TestImages.reference("debian-busybox"))
                .withSnapshotsDir(store)
                .withExtraFile(module, "/lib/modules/parking.ko")
                .withVcpus(2)
                .withCmd("sleep", "1000000")
                .build();
        try (Vm vm = image.start(VmConfig.defaults())) {
            assertThat(vm.exec("cat", "/lib/modules/parking.ko").stdoutText()).isEqualTo("not really a module");
            assertThat(vm.exec("nproc").stdoutText()).isEqualTo("2\n");
        }
    }

    /** A panic on purpose, at the earliest: the first program is named by {@code rdinit=} here. */
    @Test
    void aPanicOnPurpose() {
        assertThatThrownBy(() -> Image.builder(TestImages.reference("debian-busybox"))
                        .withSnapshotsDir(store)
                        .withExtraKernelArg("rdinit=/nope")
                        .build())
                .isInstanceOf(BakeException.class)
                .hasMessageContaining("Kernel panic - not syncing");
    }
}
