package dev.supermachine.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.ExecResult;
import dev.supermachine.Vm;
import java.util.List;
import java.util.regex.Pattern;

/** What the guest's kernel complains about: messages of the level warning and worse, without those that docs/conformance.md lists as harmless. */
final class KernelMessages {

    private static final List<Pattern> HARMLESS = List.of(
            // a machine has no PCI: its devices are found by their addresses
            Pattern.compile("PCI: (Fatal: No config space access function found|System does not support PCI)"),
            // nor does it manage power
            Pattern.compile("amd_pstate: the _CPC object is not present in SBIOS or ACPI disabled"),
            // in software, the time stamp counter is the host's time, which runs on while the host's processors do
            // something else
            Pattern.compile("clocksource: .*('tsc-early'|'refined-jiffies') .*"),
            Pattern.compile("clocksource: Long readout interval, skipping watchdog check: .*"),
            Pattern.compile("TSC found unstable after boot, most likely due to broken BIOS\\. Use 'tsc=unstable'\\."),
            Pattern.compile("Unstable clock detected, switching default tracing clock to \"global\""),
            Pattern.compile(
                    "If you want to keep using the local clock, then add:| *\"trace_clock=local\"|on the kernel command line"));

    private KernelMessages() {}

    static void assertNoComplaints(Vm vm) {
        ExecResult result = vm.command("dmesg", "--level=emerg,alert,crit,err,warn", "--notime")
                .user("root")
                .output();
        assertThat(result.success()).as("%s", result).isTrue();
        assertThat(result.stdoutText()
                        .lines()
                        .filter(line -> HARMLESS.stream()
                                .noneMatch(harmless -> harmless.matcher(line).matches()))
                        .toList())
                .as("complaints of the guest's kernel")
                .isEmpty();
    }
}
