package dev.supermachine.engine.qemu;

import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.HypervisorContract;

/** The contract, on the processor: skipped with the probe's reason where KVM is not usable. */
class QemuKvmContractIT extends HypervisorContract {

    private static final Hypervisor ENGINE = new QemuKvmHypervisor();

    @Override
    protected Hypervisor hypervisor() {
        return ENGINE;
    }
}
