package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.kvm.KvmException;
import dev.supermachine.linux.LinuxException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How machines with the stock kernel begin and end, and what is made of files that were damaged. */
@Tag("lab")
@Tag("lab-only")
@Timeout(300)
class MachineLabIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    private static Path directory;

    @BeforeAll
    static void capture() throws IOException {
        LabGuest.capture(directory, 1);
    }

    @Test
    @Tag("lab-smoke")
    void theKernelKnowsThatItRunsOnKvm() throws IOException {
        for (int vcpus = 1; vcpus <= 2; vcpus++) {
            try (LabGuest guest = LabGuest.boot(directory, vcpus)) {
                assertThat(guest.console())
                        .contains("Linux version")
                        .contains("Hypervisor detected: KVM")
                        .contains("Brought up 1 node, " + vcpus + " CPU")
                        .contains("clocksource: Switched to clocksource")
                        .doesNotContain("WARNING: CPU")
                        .doesNotContain("BUG:")
                        .doesNotContain("XSAVE consistency problem")
                        .doesNotContain("Call Trace:");
            }
        }
        System.setProperty("supermachine.lab.vmm.cpu", KvmHost.instance().cpuModel());
    }

    @Test
    @Tag("lab-smoke")
    void aGuestThatPowersOffSaysSo() throws IOException {
        endsAs("POWEROFF", "the guest powered off", "reboot: Power down");
    }

    @Test
    @Tag("lab-smoke")
    void aGuestThatRestartsSaysSo() throws IOException {
        endsAs("OFF", "the guest reset its machine", "reboot: Restarting system");
    }

    @Test
    @Tag("lab-smoke")
    void aGuestThatPanicsSaysSo() throws IOException {
        endsAs("PANIC", "the guest reset its machine", "Kernel panic - not syncing: sysrq triggered crash");
    }

    @Test
    void aGuestWithoutItsFirstProcessPanics() throws IOException {
        endsAs("EXIT", "the guest reset its machine", "Kernel panic - not syncing: Attempted to kill init!");
    }

    private static void endsAs(String command, String reason, String printed) throws IOException {
        try (LabGuest guest = LabGuest.restore(directory, 1)) {
            guest.run();
            assertThat(guest.ask("PING")).isEqualTo("PONG");
            guest.send(command);
            assertThat(guest.vm().awaitEnd(SOON))
                    .as("the end of: %s", guest.console())
                    .isTrue();
            assertThat(guest.vm().endReason()).contains(reason);
            assertThat(guest.console()).contains(printed);
            assertThatThrownBy(guest.vm()::rewind).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void memoryOfAnotherSizeIsRefused() throws IOException {
        Path ram = directory.resolve("ram-cut");
        Files.copy(LabGuest.ram(directory, 1), ram);
        try (FileChannel channel = FileChannel.open(ram, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() / 2);
        }
        assertThatThrownBy(() -> LabGuest.restore(directory, 1, ram, LabGuest.state(directory, 1)))
                .isInstanceOf(StateFormatException.class)
                .hasMessageContaining(String.valueOf(LabGuest.MEMORY_MIB << 20));
        Files.delete(ram);
    }

    @Test
    void aStateThatWasCutIsRefusedWhereverThatIs() throws IOException {
        byte[] state = Files.readAllBytes(LabGuest.state(directory, 1));
        Random random = new Random(1);
        Path cut = directory.resolve("state-cut");
        for (int i = 0; i < 20; i++) {
            Files.write(cut, Arrays.copyOf(state, i == 0 ? state.length - 1 : random.nextInt(state.length)));
            assertThatThrownBy(() -> LabGuest.restore(directory, 1, LabGuest.ram(directory, 1), cut))
                    .isInstanceOf(StateFormatException.class);
        }
    }

    /** The store finds out before the engine; but whatever an engine is given, this process lives on and so do its other machines. */
    @Test
    void aStateWithWrongBitsHarmsNothingElse() throws IOException {
        byte[] state = Files.readAllBytes(LabGuest.state(directory, 1));
        Random random = new Random(2);
        Path wrong = directory.resolve("state-wrong");
        try (LabGuest bystander = LabGuest.restore(directory, 1)) {
            bystander.run();
            for (int i = 0; i < 20; i++) {
                byte[] changed = state.clone();
                changed[random.nextInt(changed.length)] ^= (byte) (1 << random.nextInt(8));
                Files.write(wrong, changed);
                try (LabGuest guest = LabGuest.restore(directory, 1, LabGuest.ram(directory, 1), wrong)) {
                    guest.run();
                    guest.send("PING");
                } catch (StateFormatException
                        | KvmException
                        | LinuxException
                        | IllegalStateException
                        | IOException expected) {
                    assertThat(expected).hasMessageContaining(" ");
                }
                assertThat(bystander.ask("PING")).isEqualTo("PONG");
            }
        }
    }
}
