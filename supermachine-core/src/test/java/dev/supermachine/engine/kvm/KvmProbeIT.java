package dev.supermachine.engine.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.EngineException;
import dev.supermachine.engine.Availability;
import dev.supermachine.engine.EngineSelector;
import dev.supermachine.engine.KvmDevice;
import dev.supermachine.engine.ProbeResult;
import dev.supermachine.engine.kvm.KvmVerdict.Trial;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is found on the machine that runs this: hardware, a software backend, or nothing. */
@Timeout(120)
@Tag("lab")
class KvmProbeIT {

    private static final KvmDevice DEVICE = KvmDevice.SYSTEM;

    @Test
    void theAnswerFitsWhatIsBehindTheDevice() {
        Optional<String> obstacle = DEVICE.obstacle();
        if (obstacle.isPresent()) {
            assertThat(new KvmHypervisor().probe()).isEqualTo(Availability.unusable(obstacle.get()));
            return;
        }
        ProbeResult result = KvmProbe.run(DEVICE);
        String reason = result.availability().reason();
        assertThat(result.availability().usable()).as(reason).isNotEqualTo(DEVICE.isSoftware());
        assertThat(result.lasting()).isTrue();
        if (DEVICE.isSoftware()) {
            assertThat(reason)
                    .startsWith("/dev/kvm is there, but ")
                    .contains(DEVICE.backend())
                    .endsWith("Use bare metal, or a virtual machine with nested virtualisation.");
        } else {
            assertThat(reason).startsWith("in this process through /dev/kvm as ");
        }
        if (Files.exists(DEVICE.modules().resolve("kvm_pvm")) && DEVICE.isSoftware()) {
            assertThat(reason).contains("behind it is the software module kvm_pvm, not a processor's virtualisation");
        }
    }

    @Test
    void aBudgetThatIsTooSmallEndsTheGuest() {
        assertThat(KvmProbe.trial(Duration.ofNanos(1))).isInstanceOfAny(Trial.TooSlow.class, Trial.Refused.class);
    }

    @Test
    void theEngineChosenFollowsTheAnswer() {
        Availability availability = new KvmHypervisor().probe();
        if (availability.usable()) {
            assertThat(EngineSelector.select(null).id()).isEqualTo("kvm");
            return;
        }
        assertThat(EngineSelector.select(null).id()).startsWith("qemu-");
        assertThatThrownBy(() -> EngineSelector.select("kvm"))
                .isInstanceOf(EngineException.class)
                .hasMessage("Engine kvm was asked for, but cannot be used here: " + availability.reason());
    }
}
