package dev.supermachine.engine.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QemuBinaryTest {

    private static final Path PATH = Path.of("/usr/bin/qemu-system-x86_64");

    @TempDir
    private Path directory;

    @Test
    void readsTheVersionWithTheDistributionsAddition() throws QemuBinary.NotFound {
        QemuBinary binary = QemuBinary.parse(
                PATH,
                "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright (c) 2003-2022 Fabrice Bellard\n");
        assertThat(binary).isEqualTo(new QemuBinary(PATH, "7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)", 7));
    }

    @Test
    void refusesAnOldOne() {
        assertThatThrownBy(() -> QemuBinary.parse(PATH, "QEMU emulator version 6.2.0\n"))
                .isInstanceOf(QemuBinary.NotFound.class)
                .hasMessage(
                        "/usr/bin/qemu-system-x86_64 is QEMU 6.2.0, but 7.0 or later is needed. Install a newer one,"
                                + " or name it by supermachine.qemu.path");
    }

    @Test
    void takesANewOne() throws QemuBinary.NotFound {
        assertThat(QemuBinary.parse(PATH, "QEMU emulator version 10.0.2").major())
                .isEqualTo(10);
    }

    @Test
    void refusesAnotherProgram() {
        assertThatThrownBy(() -> QemuBinary.parse(PATH, "GNU bash\n"))
                .hasMessage("/usr/bin/qemu-system-x86_64 does not tell a version of QEMU, but: 'GNU bash'."
                        + " Name another program by supermachine.qemu.path");
    }

    @Test
    void looksAlongThePath() throws IOException {
        Path second = Files.createDirectory(directory.resolve("second"));
        Files.createDirectories(directory.resolve("first").resolve("qemu-system-x86_64"));
        Path program = Files.createFile(
                second.resolve("qemu-system-x86_64"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        assertThat(QemuBinary.onPath(directory.resolve("first") + ":" + second)).isEqualTo(program);
    }

    @Test
    void saysHowToInstallItWhereThereIsNone() {
        assertThatThrownBy(() -> QemuBinary.onPath("/nowhere:/else"))
                .hasMessageStartingWith("qemu-system-x86_64 is not on the PATH (/nowhere:/else). Install QEMU"
                        + " (Debian, Ubuntu: apt install qemu-system-x86;");
    }

    @Test
    void refusesASettingThatNamesNoProgram() {
        assertThatThrownBy(() -> QemuBinary.set(directory))
                .hasMessage("the setting supermachine.qemu.path names " + directory
                        + ", which is no program that can be run");
    }
}
