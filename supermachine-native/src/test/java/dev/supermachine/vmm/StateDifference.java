package dev.supermachine.vmm;

import dev.supermachine.kvm.MsrBlock;
import dev.supermachine.kvm.VcpuStruct;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * In which of its parts the state of a machine differs from another: all but the time stamp counters and the clock, which go on counting, and what a local APIC
 * derives from the rest.
 */
final class StateDifference {

    /** Of these KVM sets only the lower half on processors of AMD, where 64-bit code cannot use them. */
    private static final int SYSENTER_ESP = 0x175;

    private static final int SYSENTER_EIP = 0x176;

    /**
     * The register of the processor's priority follows from that of the task's and the interrupts in service. KVM computes it anew before it delivers an
     * interrupt or lets the guest read it; in between it is one too old, as when a state was set while another interrupt was in service.
     */
    private static final int LAPIC_PPR = 0xA0;

    private StateDifference() {}

    /** The differences, one a line; empty if there is none. */
    static List<String> between(MachineState expected, MachineState actual) {
        List<String> found = new ArrayList<>();
        for (int i = 0; i < expected.core().vcpus().size(); i++) {
            VcpuState before = expected.core().vcpus().get(i);
            VcpuState after = actual.core().vcpus().get(i);
            for (VcpuStruct part : VcpuStruct.values()) {
                bytes("vCPU " + i + " " + part, lasting(part, before), lasting(part, after), found);
            }
            registers("vCPU " + i + " register ", values(before.msrs()), values(after.msrs()), found);
            if (before.tsc().khz() != after.tsc().khz()) {
                found.add("vCPU " + i + " counts at " + after.tsc().khz() + " kHz");
            }
        }
        bytes("devices", expected.devices(), actual.devices(), found);
        return found;
    }

    private static byte[] lasting(VcpuStruct part, VcpuState state) {
        byte[] bytes = state.part(part);
        if (part == VcpuStruct.LAPIC) {
            bytes = bytes.clone();
            Arrays.fill(bytes, LAPIC_PPR, LAPIC_PPR + Integer.BYTES, (byte) 0);
        }
        return bytes;
    }

    private static void bytes(String what, byte[] expected, byte[] actual, List<String> found) {
        int at = Arrays.mismatch(expected, actual);
        if (at >= 0) {
            int from = at / 8 * 8;
            found.add(what + " from byte " + at + ": " + hex(expected, from) + " became " + hex(actual, from));
        }
    }

    private static String hex(byte[] bytes, int from) {
        return HexFormat.of().formatHex(bytes, Math.min(from, bytes.length), Math.min(from + 32, bytes.length));
    }

    private static void registers(
            String what, Map<Integer, Long> expected, Map<Integer, Long> actual, List<String> found) {
        if (!expected.keySet().equals(actual.keySet())) {
            found.add(what + "names " + expected.keySet() + " became " + actual.keySet());
        }
        expected.forEach((index, value) -> {
            Long now = actual.get(index);
            if (now != null && !now.equals(value)) {
                found.add(what + Integer.toHexString(index) + ": " + Long.toHexString(value) + " became "
                        + Long.toHexString(now));
            }
        });
    }

    private static Map<Integer, Long> values(MsrBlock registers) {
        Map<Integer, Long> values = new TreeMap<>();
        for (int i = 0; i < registers.count(); i++) {
            boolean half = registers.index(i) == SYSENTER_ESP || registers.index(i) == SYSENTER_EIP;
            values.put(registers.index(i), half ? registers.value(i) & 0xFFFF_FFFFL : registers.value(i));
        }
        return values;
    }
}
