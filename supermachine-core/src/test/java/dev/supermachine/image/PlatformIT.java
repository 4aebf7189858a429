package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.BakeException;
import dev.supermachine.ExecResult;
import dev.supermachine.Image;
import dev.supermachine.ImageException;
import dev.supermachine.OciImageBuilder;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Images for other platforms in real machines. Each test has a store of its own. */
class PlatformIT {

    private static final String EMULATOR_DIR = "supermachine.emulator.dir";
    private static final Path EMULATOR = Path.of("/usr/bin/qemu-aarch64-static");
    private static final String IMAGE = TestImages.reference("debian-busybox-platforms");

    @TempDir
    private Path directory;

    private Path store;

    @BeforeEach
    void useAStoreOfItsOwn() {
        store = directory.resolve("snapshots");
    }

    @AfterEach
    void useTheEmulatorsOfThisHost() {
        System.clearProperty(EMULATOR_DIR);
    }

    private OciImageBuilder builder(String platform) {
        return Image.builder(IMAGE)
                .withSnapshotsDir(store)
                .withEngine("qemu-tcg")
                .withName("foreign")
                .withPlatform(platform)
                .withCmd("sleep", "1000000");
    }

    @Test
    @Tag("smoke")
    void aForeignServiceIsRestoredAndResetLikeAnyOther() {
        Image image = builder("linux/arm64")
                .withCmd("sh", "-c", "uname -m >/tmp/who; exec httpd -f -p 8080 -h /tmp")
                .withGuestPort(8080)
                .withListenerRequired()
                .build();
        assertThat(image.origin().snapshot().resolve("manifest.json"))
                .content()
                .contains("\"platform\": \"linux/arm64\"");

        try (Vm vm = image.start(VmConfig.defaults())) {
            for (int run = 0; run < 3; run++) {
                assertThat(vm.exec("wget", "-q", "-O", "-", "http://127.0.0.1:8080/who")
                                .stdoutText())
                        .isEqualTo("aarch64\n");
                assertThat(vm.exec("ls", "/tmp").stdoutText()).isEqualTo("who\n");
                vm.writeFile("/tmp/mine", "of this run");
                vm.reset();
            }
        }
    }

    @Test
    void commandsScriptsAndTheirInputAreRunByTheEmulator() {
        Image image = builder("linux/aarch64").build();
        try (Vm vm = image.start(VmConfig.defaults())) {
            assertThat(vm.exec("uname", "-m").stdoutText()).isEqualTo("aarch64\n");
            assertThat(vm.exec("cat", "/etc/architecture").stdoutText()).isEqualTo("arm64\n");
            assertThat(vm.exec("cat", "/proc/sys/fs/binfmt_misc/qemu-aarch64").stdoutText())
                    .startsWith("enabled\ninterpreter /emulator/qemu-aarch64\nflags: POCF\n");
            // The initial file system is gone, and the emulator with it for whoever looks for its name.
            assertThat(vm.exec("ls", "/emulator").exitStatus()).isNotZero();

            vm.writeFile("/tmp/script", "#!/bin/sh\necho \"$0 $1\" on $(uname -m)\n");
            assertThat(vm.exec("chmod", "0755", "/tmp/script").success()).isTrue();
            assertThat(vm.exec("/tmp/script", "argument").stdoutText()).isEqualTo("/tmp/script argument on aarch64\n");

            byte[] input = "one\ntwo\n".repeat(20_000).getBytes(StandardCharsets.UTF_8);
            ExecResult counted = vm.command("wc", "-l").stdin(input).output();
            assertThat(counted.stdoutText().strip()).isEqualTo("40000");

            assertThat(vm.exec("sh", "-c", "exit 7").exitStatus()).isEqualTo(7);
            assertThat(vm.exec("sh", "-c", "kill -9 $$").exitStatus()).isEqualTo(128 + 9);
        }
    }

    @Test
    void programsKeepTheirNameAndTheRightsOfTheirOwner() {
        Image image = builder("linux/arm64").build();
        try (Vm vm = image.start(VmConfig.defaults())) {
            // Busybox is what it is called, whatever its file is called.
            assertThat(vm.exec(
                                    "sh",
                                    "-c",
                                    "cp /bin/busybox /tmp/su && ln -s /bin/busybox /tmp/renamed && exec -a uname /tmp/renamed -m")
                            .stdoutText())
                    .isEqualTo("aarch64\n");

            String command = "/tmp/su root -c 'id -u'";
            ExecResult without = vm.command("sh", "-c", command).user("guest").output();
            assertThat(without.success()).isFalse();
            assertThat(without.stderrText()).contains("must be suid to work properly");
            assertThat(vm.exec("chmod", "4755", "/tmp/su").success()).isTrue();
            assertThat(vm.command("sh", "-c", command).user("guest").output().stdoutText())
                    .isEqualTo("0\n");

            // Nobody but root may read it, but everybody may run it.
            assertThat(vm.exec("sh", "-c", "cp /bin/busybox /tmp/id && chmod 0711 /tmp/id")
                            .success())
                    .isTrue();
            assertThat(vm.command("/tmp/id", "-u").user("guest").output().stdoutText())
                    .isEqualTo("1000\n");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "linux/amd64, amd64, x86_64",
        "linux/386, i386, x86_64",
        "linux/arm, armhf, armv7l",
        "linux/arm/v8, armhf, armv7l",
        "linux/ppc64le, ppc64el, ppc64le",
        "linux/s390x, s390x, s390x"
    })
    void theVariantOfThePlatformIsTaken(String platform, String architecture, String machine) {
        Image image = builder(platform).build();
        try (Vm vm = image.start(VmConfig.defaults())) {
            assertThat(vm.exec("cat", "/etc/architecture").stdoutText()).isEqualTo(architecture + "\n");
            assertThat(vm.exec("uname", "-m").stdoutText()).isEqualTo(machine + "\n");
        }
    }

    @Test
    void withoutItsEmulatorItIsToldWhatToInstallBeforeAnythingIsPulled() throws IOException {
        Path empty = Files.createDirectory(directory.resolve("empty"));
        System.setProperty(EMULATOR_DIR, empty.toString());
        assertThatThrownBy(() -> Image.builder("registry.invalid/app:1")
                        .withSnapshotsDir(store)
                        .withEngine("qemu-tcg")
                        .withPlatform("linux/arm64")
                        .build())
                .isInstanceOf(BakeException.class)
                .hasMessage(
                        "The programs of registry.invalid/app:1 for linux/arm64 need an emulator, but there is neither "
                                + empty.resolve("qemu-aarch64-static") + " nor " + empty.resolve("qemu-aarch64")
                                + ". Install it (Debian and Ubuntu: apt-get install qemu-user-static), or say in which directory it is with the setting supermachine.emulator.dir.");
        // What the machine's own processor runs needs none.
        assertThat(builder("linux/386").build().origin().baked()).isTrue();
    }

    @Test
    void aPlatformThatTheIndexLacksListsThoseItHas() {
        assertThatThrownBy(() -> builder("linux/riscv64").build())
                .isInstanceOf(ImageException.class)
                .hasMessageContaining(
                        "it has no image for linux/riscv64. Present: linux/386, linux/amd64, linux/arm/v7, linux/arm64, linux/ppc64le, linux/s390x. Choose another image or tag, or build it for linux/riscv64.");
    }

    @Test
    void anotherEmulatorBakesAnew() throws IOException {
        assertThat(builder("linux/arm64").build().origin().baked()).isTrue();
        assertThat(builder("linux/arm64/v8").build().origin().baked()).isFalse();

        // The same program under the other name it may have, and then with something behind its end that it never
        // reads.
        Path others = Files.createDirectory(directory.resolve("emulators"));
        Path other = Files.copy(EMULATOR, others.resolve("qemu-aarch64"));
        System.setProperty(EMULATOR_DIR, others.toString());
        assertThat(builder("linux/arm64").build().origin().baked()).isFalse();

        Files.write(other, new byte[] {0}, StandardOpenOption.APPEND);
        Image changed = builder("linux/arm64").build();
        assertThat(changed.origin().baked()).isTrue();
        try (Vm vm = changed.start(VmConfig.defaults())) {
            assertThat(vm.exec("uname", "-m").stdoutText()).isEqualTo("aarch64\n");
        }
    }
}
