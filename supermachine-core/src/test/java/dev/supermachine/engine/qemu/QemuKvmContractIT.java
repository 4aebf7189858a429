package dev.supermachine.engine.qemu;

import dev.supermachine.engine.Hypervisor;

/** The contract, on the processor: skipped with the probe's reason where KVM is not usable. */
class QemuKvmContractIT extends QemuContract {

    private static final Hypervisor ENGINE = new QemuKvmHypervisor();

    @Override
    protected Hypervisor hypervisor() {
        return ENGINE;
    }
}
