package dev.supermachine.engine.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.engine.Availability;
import dev.supermachine.engine.ProbeResult;
import dev.supermachine.engine.kvm.KvmVerdict.Trial;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class KvmVerdictTest {

    private static final Path DEVICE = Path.of("/dev/kvm");
    private static final String AMD = "the module behind it is kvm_amd";
    private static final String PVM = "behind it is the software module kvm_pvm, not a processor's virtualisation";

    private static final Trial FINISHED = new Trial.Finished(Duration.ofMillis(12), "amd-x86-64-v3");
    private static final Trial TOO_SLOW = new Trial.TooSlow(40_000_000, Duration.ofMillis(2500));
    private static final Trial STUCK = new Trial.Stuck(Duration.ofSeconds(10));
    private static final Trial REFUSED = new Trial.Refused("KVM_CREATE_VM: EBUSY");

    private final KvmVerdict hardware = new KvmVerdict(DEVICE, AMD, false, false);
    private final KvmVerdict nested = new KvmVerdict(DEVICE, AMD, false, true);
    private final KvmVerdict software = new KvmVerdict(DEVICE, PVM, true, true);

    @Test
    void aGuestThatFinishedIsEnough() {
        assertThat(hardware.of(FINISHED))
                .isEqualTo(ProbeResult.lasting(Availability.usable(
                        "in this process through /dev/kvm as amd-x86-64-v3; a trial guest took 12 ms")));
    }

    @Test
    void nestedVirtualisationIsUsableAndCalledSo() {
        assertThat(nested.of(FINISHED))
                .isEqualTo(ProbeResult.lasting(Availability.usable(
                        "in this process through /dev/kvm as amd-x86-64-v3; a trial guest took 12 ms;"
                                + " nested, because this system is a virtual machine itself:"
                                + " machines start and do I/O slower than on bare metal")));
    }

    @Test
    void aSoftwareBackendThatIsTooSlowStaysSo() {
        assertThat(software.of(TOO_SLOW))
                .isEqualTo(ProbeResult.lasting(Availability.unusable(
                        "/dev/kvm is there, but a trial guest of 40 million instructions did not end within 2500 ms: "
                                + PVM + ". Use bare metal, or a virtual machine with nested virtualisation.")));
    }

    @Test
    void aProcessorThatWasTooSlowWasBusy() {
        assertThat(hardware.of(TOO_SLOW))
                .isEqualTo(
                        ProbeResult.passing(
                                Availability.unusable(
                                        "/dev/kvm is there, but a trial guest of 40 million instructions did not end within 2500 ms: "
                                                + AMD
                                                + ". If the host is busy, or another hypervisor such as VirtualBox is running, try again when it is not.")));
    }

    @Test
    void aKernelThatDoesNotReturnIsNotWaitedFor() {
        assertThat(nested.of(STUCK))
                .isEqualTo(ProbeResult.passing(Availability.unusable(
                        "/dev/kvm is there, but a trial guest was neither started nor ended within 10 s: " + AMD
                                + ". If the host is busy, or another hypervisor such as VirtualBox is running, try again when it is"
                                + " not; this system is a virtual machine itself, so see that its own hypervisor offers nested"
                                + " virtualisation.")));
    }

    @Test
    void whatKvmRefusedIsSaidInItsWords() {
        assertThat(hardware.of(REFUSED).availability().reason())
                .startsWith("/dev/kvm is there, but no trial guest ran on it: KVM_CREATE_VM: EBUSY; " + AMD + ". If");
        assertThat(hardware.of(REFUSED).lasting()).isFalse();
        assertThat(software.of(REFUSED).lasting()).isTrue();
    }
}
