package dev.supermachine.kvm;

/**
 * What a KVM may be able to do: {@code KVM_CAP_} and the name, in linux/kvm.h.
 *
 * @since 0.1
 */
public enum KvmCapability {
    /** Memory of this process as the guest's. */
    USER_MEMORY(3),
    /** A place for Intel's task state segment. */
    SET_TSS_ADDR(4),
    /** CPUID leaves with subleaves. */
    EXT_CPUID(7),
    /** Reading and setting whether a vCPU runs, halts or waits to be started. */
    MP_STATE(14),
    /** A place for Intel's identity map. */
    SET_IDENTITY_MAP_ADDR(37),
    /** Reading and setting the guest's clock. */
    ADJUST_CLOCK(39),
    /** Reading and setting pending events. */
    VCPU_EVENTS(41),
    /** Reading and setting debug registers. */
    DEBUGREGS(50),
    /** Reading and setting the extended state of the processor. */
    XSAVE(55),
    /** Reading and setting extended control registers. */
    XCRS(56),
    /** A frequency of the time stamp counter other than the host's. */
    TSC_CONTROL(60),
    /** Reading the frequency of the time stamp counter. */
    GET_TSC_KHZ(61),
    /** How many vCPUs a machine can have. */
    MAX_VCPUS(66),
    /** A local APIC's timer by time stamp. */
    TSC_DEADLINE_TIMER(72),
    /** Telling a guest that it was paused. */
    KVMCLOCK_CTRL(76),
    /** Message signalled interrupts from here. */
    SIGNAL_MSI(77),
    /** A local APIC in the kernel, with the I/O APIC here. */
    SPLIT_IRQCHIP(121),
    /** Leaving a vCPU at once, before the guest runs. */
    IMMEDIATE_EXIT(136),
    /** Extended state larger than a page; its value is the size. */
    XSAVE2(208);

    private final int number;

    KvmCapability(int number) {
        this.number = number;
    }

    /**
     * Its number.
     *
     * @return as in the header
     */
    public int number() {
        return number;
    }
}
