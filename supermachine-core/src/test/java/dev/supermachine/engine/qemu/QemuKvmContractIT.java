package dev.supermachine.engine.qemu;

import dev.supermachine.engine.Hypervisor;
import org.junit.jupiter.api.Tag;

/** The contract, on the processor: skipped with the probe's reason where KVM is not usable. In the laboratory (bin/lab) it is. */
@Tag("lab")
class QemuKvmContractIT extends QemuContract {

    private static final Hypervisor ENGINE = new QemuKvmHypervisor();

    @Override
    protected Hypervisor hypervisor() {
        return ENGINE;
    }
}
