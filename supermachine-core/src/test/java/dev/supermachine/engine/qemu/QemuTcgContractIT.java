package dev.supermachine.engine.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.engine.Hypervisor;
import org.junit.jupiter.api.Test;

/** The contract, by software emulation: runs wherever QEMU is installed. */
class QemuTcgContractIT extends QemuContract {

    private static final Hypervisor ENGINE = new QemuTcgHypervisor();

    @Override
    protected Hypervisor hypervisor() {
        return ENGINE;
    }

    @Test
    void identityNamesWhatAStateDependsOn() {
        assertThat(ENGINE.identity())
                .matches(
                        "qemu-tcg; QEMU \\d+\\.\\d+\\.\\d+.*; machine microvm,acpi=on,pic=off,pit=off; cpu max,la57=off; tsc \\d+0 MHz");
    }
}
