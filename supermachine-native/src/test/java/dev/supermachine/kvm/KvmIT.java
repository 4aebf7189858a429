package dev.supermachine.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.supermachine.linux.LinuxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class KvmIT {

    @BeforeAll
    static void needsKvm() {
        assumeTrue(Files.isWritable(Kvm.DEVICE), "no " + Kvm.DEVICE + ", or no right to use it");
    }

    @Test
    void tellsWhatItCanDo() {
        try (Kvm kvm = Kvm.open()) {
            assertThat(kvm.check(KvmCapability.MAX_VCPUS)).isGreaterThanOrEqualTo(8);
            kvm.require(KvmCapability.USER_MEMORY, KvmCapability.IMMEDIATE_EXIT);
            // IA32_SYSENTER_CS, which there always is.
            assertThat(kvm.msrIndexList())
                    .contains(0x174)
                    .hasSizeGreaterThan(20)
                    .doesNotHaveDuplicates();
            List<CpuidEntry> cpuid = kvm.supportedCpuid();
            assertThat(cpuid).extracting(CpuidEntry::function).contains(0, 1, 0x8000_0000);
            assertThat(cpuid)
                    .filteredOn(entry -> entry.function() == 4)
                    .allSatisfy(entry -> assertThat(entry.flags()).isEqualTo(CpuidEntry.SIGNIFICANT_INDEX));
        }
    }

    @Test
    void leavesComeBackAsTheyWereSet() {
        try (Kvm kvm = Kvm.open();
                VmFd machine = kvm.createVm()) {
            machine.splitIrqchip(24);
            try (VcpuFd vcpu = machine.createVcpu(0)) {
                List<CpuidEntry> some = List.of(
                        new CpuidEntry(0, 0, 0, 0x16, 1, 2, 3),
                        new CpuidEntry(4, 0, CpuidEntry.SIGNIFICANT_INDEX, 5, 6, 7, 8),
                        new CpuidEntry(4, 1, CpuidEntry.SIGNIFICANT_INDEX, 9, 10, 11, 12));
                vcpu.setCpuid(some);
                assertThat(vcpu.cpuid()).isEqualTo(some);
                assertThat(vcpu.tscKhz()).isGreaterThan(100_000);
            }
        }
    }

    @Test
    void refusalsNameTheRequest() {
        try (Kvm kvm = Kvm.open();
                VmFd machine = kvm.createVm()) {
            assertThatThrownBy(() -> machine.setMemory(0, 1, 4096, 4096))
                    .isInstanceOfSatisfying(
                            LinuxException.class, e -> assertThat(e.errno()).isEqualTo(LinuxException.EINVAL))
                    .hasMessage("KVM_SET_USER_MEMORY_REGION failed: Invalid argument (errno 22)");
            machine.splitIrqchip(24);
            machine.createVcpu(0).close();
            assertThatThrownBy(() -> machine.splitIrqchip(24))
                    .isInstanceOf(LinuxException.class)
                    .hasMessageStartingWith("KVM_ENABLE_CAP of KVM_CAP_SPLIT_IRQCHIP failed: ");
        }
    }

    @Test
    void whatIsNoKvmIsRefused() {
        assertThatThrownBy(() -> Kvm.open(Path.of("/dev/null")))
                .hasMessage("KVM_GET_API_VERSION failed: Inappropriate ioctl for device (errno 25)");
    }
}
