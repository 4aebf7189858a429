package dev.supermachine.kvm;

/**
 * The parts of a vCPU's state that KVM hands out and takes back as one structure each. In the order in which they must be read, which is also that in which they must
 * be set: reading the first makes KVM process what is pending, the special registers place the local APIC, and events are cleared by what comes before.
 *
 * @since 0.1
 */
public enum VcpuStruct {
    /** Whether it runs, halts or waits to be started. */
    MP_STATE(KvmLayout.KvmMpState.SIZEOF, KvmRequest.KVM_GET_MP_STATE, KvmRequest.KVM_SET_MP_STATE),
    /** General registers, RIP and RFLAGS. */
    REGS(KvmLayout.KvmRegs.SIZEOF, KvmRequest.KVM_GET_REGS, KvmRequest.KVM_SET_REGS),
    /** Segments, tables, control registers, EFER and the place of the local APIC. */
    SREGS(KvmLayout.KvmSregs.SIZEOF, KvmRequest.KVM_GET_SREGS, KvmRequest.KVM_SET_SREGS),
    /** Extended state; as large as {@link VmFd#xsaveSize()} says. */
    XSAVE(KvmLayout.KvmXsave.SIZEOF, KvmRequest.KVM_GET_XSAVE, KvmRequest.KVM_SET_XSAVE),
    /** Extended control registers. */
    XCRS(KvmLayout.KvmXcrs.SIZEOF, KvmRequest.KVM_GET_XCRS, KvmRequest.KVM_SET_XCRS),
    /** Debug registers. */
    DEBUGREGS(KvmLayout.KvmDebugregs.SIZEOF, KvmRequest.KVM_GET_DEBUGREGS, KvmRequest.KVM_SET_DEBUGREGS),
    /** The local APIC's registers. */
    LAPIC(KvmLayout.KvmLapicState.SIZEOF, KvmRequest.KVM_GET_LAPIC, KvmRequest.KVM_SET_LAPIC),
    /** Pending exceptions, interrupts and the like. */
    VCPU_EVENTS(KvmLayout.KvmVcpuEvents.SIZEOF, KvmRequest.KVM_GET_VCPU_EVENTS, KvmRequest.KVM_SET_VCPU_EVENTS);

    private final int size;

    /** The requests' names, which would else be put together at each restore. */
    private final String getName = "KVM_GET_" + name();

    private final String setName = "KVM_SET_" + name();
    private final long getRequest;
    private final long setRequest;

    VcpuStruct(int size, long getRequest, long setRequest) {
        this.size = size;
        this.getRequest = getRequest;
        this.setRequest = setRequest;
    }

    /**
     * How large the structure is.
     *
     * @return bytes; of {@link #XSAVE} the least
     */
    public int size() {
        return size;
    }

    String getName() {
        return getName;
    }

    String setName() {
        return setName;
    }

    long getRequest() {
        return getRequest;
    }

    long setRequest() {
        return setRequest;
    }
}
