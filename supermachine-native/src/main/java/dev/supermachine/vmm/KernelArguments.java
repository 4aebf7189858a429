package dev.supermachine.vmm;

import java.util.ArrayList;
import java.util.List;

/**
 * The arguments that a Linux kernel needs on this machine. Linux finds out most by itself: the tables say that there is no keyboard controller, VGA or CMOS clock,
 * and on KVM it neither checks a timer interrupt nor calibrates anything.
 */
final class KernelArguments {

    private KernelArguments() {}

    /**
     * Ours, then the caller's, which so win.
     *
     * @param tscKhz the frequency of the guest's time stamp counter, or 0 if it is not known
     * @param further the caller's, without white space in any
     */
    static String join(long tscKhz, List<String> further) {
        List<String> arguments = new ArrayList<>(List.of(
                "console=ttyS0",
                // A kernel that panics resets the machine at once; and it does so by the register the tables name,
                // since a triple fault would look like a crash.
                "panic=-1",
                "reboot=acpi",
                "pci=off",
                // The processor's random numbers count as seed, so that nothing waits for them.
                "random.trust_cpu=on",
                // Memory that comes zeroed from the host is not zeroed again: each page touched is one to copy back.
                "init_on_alloc=0"));
        if (tscKhz > 0) {
            // In case the guest does not take it from KVM's clock.
            arguments.add("tsc_early_khz=" + tscKhz);
        }
        arguments.addAll(further);
        return String.join(" ", arguments);
    }
}
