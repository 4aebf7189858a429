package dev.supermachine.engine.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.EngineException;
import dev.supermachine.engine.ContractGuest;
import dev.supermachine.engine.HypervisorContract;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.MachineSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is true of machines in QEMU processes beyond the contract. */
abstract class QemuContract extends HypervisorContract {

    private static final Duration SOON = Duration.ofSeconds(20);

    @Test
    void snapshotHoldsWhatItNeedsAndNothingElse() throws IOException {
        try (Stream<Path> files = Files.list(snapshot())) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("ram", "state");
        }
        Path ram = snapshot().resolve("ram");
        assertThat(Files.size(ram)).isEqualTo((long) ContractGuest.MEMORY_MIB << 20);
        assertThat((Integer) Files.getAttribute(ram, "unix:mode") & 0777).isEqualTo(0600);
    }

    @Test
    void damagedSnapshotIsRefused() throws IOException {
        Path damaged = temporary("damaged");
        Files.copy(snapshot().resolve("ram"), damaged.resolve("ram"));
        byte[] state = Files.readAllBytes(snapshot().resolve("state"));
        Files.write(damaged.resolve("state"), Arrays.copyOf(state, state.length / 2));
        assertThatThrownBy(() -> prepare("damaged", damaged))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("Cannot restore machine 'damaged' from " + damaged);
        Files.write(damaged.resolve("ram"), new byte[4096]);
        assertThatThrownBy(() -> prepare("damaged", damaged))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("has 4096 bytes, but 256 MiB are 268435456");
        Files.delete(damaged.resolve("ram"));
        assertThatThrownBy(() -> prepare("damaged", damaged))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("cannot be read");
    }

    @Test
    void kernelIsToldTheFrequencyOfTheCounter() throws IOException {
        assertThat(ContractGuest.ask(restore("counter", snapshot()), "CMDLINE"))
                .startsWith("console=ttyS0 panic=-1 reboot=t tsc_early_khz=")
                .endsWith(" no_timer_check random.trust_cpu=on contract.mark=1");
    }

    @Test
    void machineThatDoesNotStartSaysWhatQemuSaid() throws IOException {
        MachineSpec good = ContractGuest.instance().spec(temporary("no-start"), 1);
        MachineSpec bad = new MachineSpec(
                "no-start",
                Path.of("/nowhere/kernel"),
                good.initrd(),
                List.of(),
                good.rootImage(),
                good.memoryMib(),
                1,
                good.directory());
        assertThatThrownBy(() -> hypervisor().boot(bad))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("Cannot start QEMU for machine 'no-start': ")
                .hasMessageContaining("The machine has ended: QEMU exited with status 1: ")
                .hasMessageContaining("/nowhere/kernel")
                .hasMessageEndingWith(".\nThe guest's console is empty.");
        assertThatThrownBy(() -> hypervisor().boot(bad))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("its memory file " + good.directory().resolve("ram") + " cannot be made")
                .hasMessageEndingWith("The directory must exist, be empty and writable.");
    }

    @Test
    void killedProcessIsTheMachinesEnd() throws IOException {
        Machine machine = restore("killed", snapshot());
        kill(((QemuMachine) machine).pid());
        await().atMost(SOON).until(() -> !machine.isAlive());
        assertThat(machine.endReason()).isEqualTo("QEMU was killed by signal 9");
        assertThat(machine.agent().read(ByteBuffer.allocate(1))).isEqualTo(-1);
        assertThatThrownBy(machine::resume)
                .isInstanceOf(EngineException.class)
                .hasMessage("Cannot resume machine 'killed': it does not run any more. The machine has ended: QEMU was"
                        + " killed by signal 9.\nThe guest's console is empty.");
        machine.close();
        assertThat(machine.endReason()).as("closing changes no history").isEqualTo("QEMU was killed by signal 9");
    }

    @Test
    void spareThatWasKilledIsNotActivated() {
        QemuPrepared prepared = (QemuPrepared) prepare("spare", snapshot());
        kill(prepared.pid());
        await().atMost(SOON).until(() -> !prepared.isAlive());
        assertThatThrownBy(() -> prepared.activate(ContractGuest.activation(1)))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("Cannot activate machine 'spare': it ended while it waited")
                .hasMessageContaining("killed by signal 9");
    }

    @Test
    void closedMachineLeavesNoProcessAndNoDirectory() {
        QemuPrepared prepared = (QemuPrepared) prepare("leaves", snapshot());
        Path directory = prepared.directory();
        assertThat(directory).isDirectory();
        prepared.close();
        await().atMost(SOON).until(() -> ProcessHandle.of(prepared.pid()).isEmpty() && !Files.exists(directory));
    }

    private static void kill(long pid) {
        assertThat(ProcessHandle.of(pid).orElseThrow().destroyForcibly()).isTrue();
    }
}
