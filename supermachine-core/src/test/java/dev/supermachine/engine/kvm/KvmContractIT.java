package dev.supermachine.engine.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.HypervisorContract;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;

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
}
