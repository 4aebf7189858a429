package dev.supermachine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class HostCpuTest {

    @Test
    void aVirtualMachineSaysSoAmongItsFlags() {
        assertThat(HostCpu.isVirtual(
                        List.of("processor\t: 0", "flags\t\t: fpu sse2 hypervisor lahf_lm", "bogomips : 1")))
                .isTrue();
        assertThat(HostCpu.isVirtual(List.of("processor\t: 0", "flags\t\t: fpu hypervisors lahf_lm")))
                .isFalse();
        assertThat(HostCpu.isVirtual(List.of("model name\t: hypervisor"))).isFalse();
        assertThat(HostCpu.isVirtual(List.of())).isFalse();
    }
}
