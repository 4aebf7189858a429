package dev.supermachine.engine.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.HypervisorContract;
import dev.supermachine.engine.Machine;
import java.io.IOException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The contract, in this process: skipped with the probe's reason where KVM is not usable, and run in the laboratory. */
@Tag("lab")
class KvmContractIT extends HypervisorContract {

    private static final Hypervisor ENGINE = new KvmHypervisor();

    @Override
    protected Hypervisor hypervisor() {
        return ENGINE;
    }

    @BeforeEach
    void itsEngineIsKvm() {
        assertThat(hypervisor().id()).isEqualTo("kvm");
        assertThat(hypervisor().identity()).startsWith("kvm; machine ");
    }

    @Test
    void aKeptMachineStaysInThisJvm() throws IOException {
        Machine machine = restore("stays", snapshot());
        assertThat(machine.leaveTraces().pid())
                .isEqualTo(ProcessHandle.current().pid());
        assertThatThrownBy(machine::detach)
                .hasMessageContaining("live in this JVM")
                .hasMessageContaining("qemu-kvm");
        machine.close();
        assertThat(machine.isAlive()).isFalse();
    }
}
