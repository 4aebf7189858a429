package dev.supermachine.vmm;

import dev.supermachine.kvm.Kvm;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which model-specific registers belong to a vCPU's state. */
final class MsrIndices {

    /** {@code IA32_TIME_STAMP_COUNTER}. */
    static final int TSC = 0x10;

    /** {@code IA32_MISC_ENABLE}. */
    static final int MISC_ENABLE = 0x1A0;

    /** {@code IA32_MTRR_DEF_TYPE}. */
    static final int MTRR_DEF_TYPE = 0x2FF;

    /** {@code IA32_TSC_DEADLINE}. */
    static final int TSC_DEADLINE = 0x6E0;

    /** Those of Hyper-V's interface, which no guest is offered. They count time even so, and KVM makes room for all the rest once one is set. */
    private static final int HYPER_V_FIRST = 0x4000_0000;

    private static final int HYPER_V_LAST = 0x4000_01FF;

    /** {@code MSR_KVM_WALL_CLOCK} and {@code MSR_KVM_WALL_CLOCK_NEW}: whoever sets one asks KVM to write the time into the guest's memory, there and then. */
    private static final int WALL_CLOCK_OLD = 0x11;

    private static final int WALL_CLOCK = 0x4B56_4D00;

    /** The same for all machines of this host. */
    private static volatile int @Nullable [] known;

    private MsrIndices() {}

    /**
     * All that may hold state: what KVM lists, and what it keeps but does not list, being memory types, machine checks and its own. Some of these may be refused.
     * KVM is asked once.
     *
     * @param kvm the host's
     * @return not to be changed
     */
    static int[] of(Kvm kvm) {
        int[] indices = known;
        if (indices == null) {
            indices = list(kvm);
            known = indices;
        }
        return indices;
    }

    private static int[] list(Kvm kvm) {
        Set<Integer> indices = new LinkedHashSet<>();
        for (int index : kvm.msrIndexList()) {
            if (index < HYPER_V_FIRST || index > HYPER_V_LAST) {
                indices.add(index);
            }
        }
        addRange(indices, 0x200, 0x20F); // IA32_MTRR_PHYSBASE0 to IA32_MTRR_PHYSMASK7
        addRange(indices, 0x250, 0x250); // IA32_MTRR_FIX64K_00000
        addRange(indices, 0x258, 0x259); // IA32_MTRR_FIX16K_80000 and _A0000
        addRange(indices, 0x268, 0x26F); // IA32_MTRR_FIX4K_C0000 to _F8000
        addRange(indices, 0x277, 0x277); // IA32_PAT
        addRange(indices, MTRR_DEF_TYPE, MTRR_DEF_TYPE);
        addRange(indices, 0x400, 0x47F); // IA32_MC0_CTL to IA32_MC31_MISC
        addRange(indices, 0xDA0, 0xDA0); // IA32_XSS
        addRange(indices, 0x4B564D00, 0x4B564D0F); // KVM's own, asm/kvm_para.h
        indices.remove(WALL_CLOCK);
        indices.remove(WALL_CLOCK_OLD);
        return indices.stream().mapToInt(Integer::intValue).toArray();
    }

    private static void addRange(Set<Integer> indices, int first, int last) {
        for (int index = first; index <= last; index++) {
            indices.add(index);
        }
    }
}
