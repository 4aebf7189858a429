package dev.supermachine.engine.kvm;

import dev.supermachine.engine.Availability;
import dev.supermachine.engine.ProbeResult;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What the outcome of a trial guest means on a host.
 *
 * @param device usually {@code /dev/kvm}
 * @param backend what is behind it, in words
 * @param software whether that is seen to be no processor's virtualisation
 * @param nested whether this system is a virtual machine itself
 */
record KvmVerdict(Path device, String backend, boolean software, boolean nested) {

    /** What became of a trial guest. */
    sealed interface Trial {

        /** It came to its end. */
        record Finished(Duration time, String cpuModel) implements Trial {}

        /** It did not come to its end in time. */
        record TooSlow(int instructions, Duration budget) implements Trial {}

        /** A call to the kernel did not return. */
        record Stuck(Duration limit) implements Trial {}

        /** It could not be run. */
        record Refused(String message) implements Trial {}
    }

    /** What is seen at a busy moment, or while another program has the processor's virtualisation, is no answer for the next process. */
    ProbeResult of(Trial trial) {
        if (trial instanceof Trial.Finished finished) {
            return ProbeResult.lasting(Availability.usable(usable(finished)));
        }
        Availability unusable = Availability.unusable(device + " is there, but " + obstacle(trial));
        return software ? ProbeResult.lasting(unusable) : ProbeResult.passing(unusable);
    }

    private String usable(Trial.Finished trial) {
        return "in this process through " + device + " as " + trial.cpuModel() + "; a trial guest took "
                + trial.time().toMillis() + " ms"
                + (nested
                        ? "; nested, because this system is a virtual machine itself: machines start and do I/O slower than on bare metal"
                        : "");
    }

    private String obstacle(Trial trial) {
        if (trial instanceof Trial.TooSlow slow) {
            return "a trial guest of " + slow.instructions() / 1_000_000 + " million instructions did not end within "
                    + slow.budget().toMillis() + " ms: " + backend + ". " + nextStep();
        }
        if (trial instanceof Trial.Stuck stuck) {
            return "a trial guest was neither started nor ended within "
                    + stuck.limit().toSeconds() + " s: " + backend + ". " + nextStep();
        }
        return "no trial guest ran on it: " + ((Trial.Refused) trial).message() + "; " + backend + ". " + nextStep();
    }

    private String nextStep() {
        if (software) {
            return "Use bare metal, or a virtual machine with nested virtualisation.";
        }
        return "If the host is busy, or another hypervisor such as VirtualBox is running, try again when it is not"
                + (nested
                        ? "; this system is a virtual machine itself, so see that its own hypervisor offers nested virtualisation."
                        : ".");
    }
}
