package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class KernelArgumentsTest {

    @Test
    void theCallersComeLastAndSoWin() {
        assertThat(KernelArguments.join(2_596_122, List.of("quiet", "panic=5")))
                .isEqualTo("console=ttyS0 panic=-1 reboot=acpi pci=off random.trust_cpu=on init_on_alloc=0"
                        + " tsc_early_khz=2596122 quiet panic=5");
    }

    @Test
    void aFrequencyThatIsNotKnownIsLeftToTheGuest() {
        assertThat(KernelArguments.join(0, List.of())).doesNotContain("tsc").endsWith("init_on_alloc=0");
    }
}
