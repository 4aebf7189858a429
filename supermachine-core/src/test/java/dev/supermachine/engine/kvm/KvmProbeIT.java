package dev.supermachine.engine.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.supermachine.EngineException;
import dev.supermachine.engine.Availability;
import dev.supermachine.engine.EngineSelector;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.KvmDevice;
import dev.supermachine.engine.ProbeResult;
import dev.supermachine.engine.kvm.KvmVerdict.Trial;
import java.nio.file.Files;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is found on the machine that runs this: hardware, a software backend, or nothing. */
@Timeout(120)
class KvmProbeIT {

    private static final KvmDevice DEVICE = KvmDevice.SYSTEM;

    @Test
    void aSoftwareBackendIsRefusedByItsName() {
        assumeThat(Files.exists(DEVICE.modules().resolve("kvm_pvm"))
                        && DEVICE.isSoftware()
                        && DEVICE.obstacle().isEmpty())
                .isTrue();
        ProbeResult result = KvmProbe.run(DEVICE);
        assertThat(result.availability().usable())
                .as(result.availability().reason())
                .isFalse();
        assertThat(result.lasting()).isTrue();
        assertThat(result.availability().reason())
                .startsWith("/dev/kvm is there, but ")
                .contains("behind it is the software module kvm_pvm, not a processor's virtualisation")
                .endsWith("Use bare metal, or a virtual machine with nested virtualisation.");
    }

    @Test
    @Tag("lab")
    void theProcessorsVirtualisationIsTaken() {
        Availability availability = new KvmHypervisor().probe();
        assumeThat(DEVICE.isSoftware() || DEVICE.obstacle().isPresent())
                .as(availability.reason())
                .isFalse();
        assertThat(availability.usable()).as(availability.reason()).isTrue();
        assertThat(EngineSelector.select(null).id()).isEqualTo("kvm");
    }

    @Test
    @Tag("lab")
    void aBudgetThatIsTooSmallEndsTheGuest() {
        assumeThat(DEVICE.obstacle()).isEmpty();
        assertThat(KvmProbe.trial(Duration.ofNanos(1))).isInstanceOfAny(Trial.TooSlow.class, Trial.Refused.class);
    }

    @Test
    void withoutKvmAnEngineOfQemuIsTakenAndKvmCannotBeForced() {
        Availability availability = new KvmHypervisor().probe();
        assumeThat(availability.usable()).as("KVM is usable here").isFalse();
        Hypervisor chosen = EngineSelector.select(null);
        assertThat(chosen.id()).startsWith("qemu-");
        assertThatThrownBy(() -> EngineSelector.select("kvm"))
                .isInstanceOf(EngineException.class)
                .hasMessage("Engine kvm was asked for, but cannot be used here: " + availability.reason());
    }
}
