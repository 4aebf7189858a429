package dev.supermachine.engine.kvm;

import dev.supermachine.engine.Availability;
import dev.supermachine.engine.KvmDevice;
import dev.supermachine.kvm.KvmException;
import dev.supermachine.linux.LinuxException;
import dev.supermachine.vmm.KvmHost;
import dev.supermachine.vmm.TrialGuest;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** Finds out whether this process can run guests on KVM, by running one. */
final class KvmProbe {

    /** A processor needs 10 to 40 ms for the trial guest, one that is itself emulated half a second, a KVM that interprets instructions a minute. */
    private static final Duration BUDGET = Duration.ofMillis(2500);

    private static final String NEXT_STEP = "Use bare metal, or a virtual machine with nested virtualisation.";

    private KvmProbe() {}

    static Availability run() {
        KvmDevice device = KvmDevice.SYSTEM;
        Optional<String> obstacle = device.obstacle();
        if (obstacle.isPresent()) {
            return Availability.unusable(obstacle.get());
        }
        try {
            OptionalLong nanos = TrialGuest.run(BUDGET);
            if (nanos.isEmpty()) {
                return Availability.unusable(device.device() + " is there, but a trial guest of "
                        + TrialGuest.INSTRUCTIONS / 1_000_000 + " million instructions did not end within "
                        + BUDGET.toMillis() + " ms: " + device.backend() + ". " + NEXT_STEP);
            }
            return Availability.usable("in this process through " + device.device() + " as "
                    + KvmHost.instance().cpuModel() + "; a trial guest took " + nanos.getAsLong() / 1_000_000 + " ms");
        } catch (LinuxException | KvmException e) {
            return Availability.unusable(device.device() + " is there, but no trial guest ran on it: " + e.getMessage()
                    + "; " + device.backend() + ". " + NEXT_STEP);
        }
    }
}
