package dev.supermachine.engine.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class QemuProcessTest {

    @Test
    void describesHowItEnded() {
        assertThat(QemuProcess.describe(0, ""))
                .isEqualTo("QEMU exited with status 0, because the guest powered off, rebooted or panicked");
        assertThat(QemuProcess.describe(1, "qemu: bad option"))
                .isEqualTo("QEMU exited with status 1: qemu: bad option");
        assertThat(QemuProcess.describe(137, "")).isEqualTo("QEMU was killed by signal 9");
        assertThat(QemuProcess.describe(135, "last words"))
                .isEqualTo(
                        "QEMU was killed by signal 7 (SIGBUS: its memory file could not be written, as on a full disk, or not"
                                + " be read): last words");
    }
}
