package dev.supermachine.engine.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.engine.Availability;
import dev.supermachine.engine.ProbeResult;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class QemuProbeIT {

    @TempDir
    private Path directory;

    @Test
    void emulationIsUsableAndSaysWhatItCosts() throws QemuBinary.NotFound {
        ProbeResult result = QemuProbe.run(QemuBinary.find(), Accelerator.TCG);
        Availability availability = result.availability();
        assertThat(result.lasting()).isTrue();
        assertThat(availability.usable()).as(availability.reason()).isTrue();
        assertThat(availability.reason())
                .startsWith("QEMU ")
                .contains("emulates the processor in software")
                .contains("10 to 30 times slower")
                .endsWith("give this system a usable /dev/kvm");
    }

    @Test
    void guestThatDoesNotComeToItsEndInTimeIsFound() throws IOException {
        QemuBinary binary = QemuBinary.find();
        assertThatThrownBy(() -> QemuProbe.runGuest(binary, Accelerator.TCG, directory, Duration.ofMillis(1)))
                .isInstanceOf(SocketTimeoutException.class);
    }

    @Test
    void kvmWithoutProcessorSupportIsNamedAsSuch() throws IOException {
        Availability availability =
                QemuProbe.run(QemuBinary.find(), Accelerator.KVM).availability();
        boolean hardware;
        try (Stream<Path> modules = Files.list(Path.of("/sys/module"))) {
            hardware = modules.anyMatch(module -> module.endsWith("kvm_intel") || module.endsWith("kvm_amd"));
        }
        if (hardware) {
            assertThat(availability.reason()).contains("/dev/kvm");
        } else {
            assertThat(availability.usable()).as(availability.reason()).isFalse();
            assertThat(availability.reason())
                    .containsAnyOf("/dev/kvm", "not a processor's virtualisation", "no module for");
        }
    }

    @Test
    void programThatIsNoQemuIsNamed() throws IOException {
        Path program = script("#!/bin/sh\necho 'Segmentation fault' >&2\nexit 3\n");
        assertThatThrownBy(() -> QemuBinary.check(program))
                .hasMessage(program + " does not tell a version of QEMU, but: 'Segmentation fault'."
                        + " Name another program by supermachine.qemu.path");
    }

    @Test
    void qemuThatDoesNotStartGivesItsLastWords() throws IOException {
        QemuBinary broken = new QemuBinary(script("#!/bin/sh\necho 'no firmware' >&2\nexit 3\n"), "9.9", 9);
        assertThat(QemuProbe.run(broken, Accelerator.TCG))
                .isEqualTo(ProbeResult.passing(Availability.unusable("QEMU 9.9 at " + broken.path()
                        + " did not run a guest: the process ended before it connected (no firmware)")));
    }

    private Path script(String text) throws IOException {
        Path script = Files.writeString(directory.resolve("program"), text);
        return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    }
}
