package dev.supermachine.kvm;

/** The numbers of KVM's requests and what goes with them, with their names in linux/kvm.h and asm/kvm.h. A test compares all of them with those headers. */
final class KvmRequest {

    static final int KVM_API_VERSION = 12;

    // Of /dev/kvm
    static final long KVM_GET_API_VERSION = 0xAE00L;
    static final long KVM_CREATE_VM = 0xAE01L;
    static final long KVM_GET_MSR_INDEX_LIST = 0xC004AE02L;
    static final long KVM_CHECK_EXTENSION = 0xAE03L;
    static final long KVM_GET_VCPU_MMAP_SIZE = 0xAE04L;
    static final long KVM_GET_SUPPORTED_CPUID = 0xC008AE05L;

    // Of a machine
    static final long KVM_CREATE_VCPU = 0xAE41L;
    static final long KVM_SET_USER_MEMORY_REGION = 0x4020AE46L;
    static final long KVM_SET_TSS_ADDR = 0xAE47L;
    static final long KVM_SET_IDENTITY_MAP_ADDR = 0x4008AE48L;
    static final long KVM_SET_CLOCK = 0x4030AE7BL;
    static final long KVM_GET_CLOCK = 0x8030AE7CL;
    static final long KVM_ENABLE_CAP = 0x4068AEA3L;
    static final long KVM_SIGNAL_MSI = 0x4020AEA5L;

    // Of a vCPU
    static final long KVM_RUN = 0xAE80L;
    static final long KVM_GET_REGS = 0x8090AE81L;
    static final long KVM_SET_REGS = 0x4090AE82L;
    static final long KVM_GET_SREGS = 0x8138AE83L;
    static final long KVM_SET_SREGS = 0x4138AE84L;
    static final long KVM_GET_MSRS = 0xC008AE88L;
    static final long KVM_SET_MSRS = 0x4008AE89L;
    static final long KVM_GET_FPU = 0x81A0AE8CL;
    static final long KVM_SET_FPU = 0x41A0AE8DL;
    static final long KVM_GET_LAPIC = 0x8400AE8EL;
    static final long KVM_SET_LAPIC = 0x4400AE8FL;
    static final long KVM_SET_CPUID2 = 0x4008AE90L;
    static final long KVM_GET_CPUID2 = 0xC008AE91L;
    static final long KVM_GET_MP_STATE = 0x8004AE98L;
    static final long KVM_SET_MP_STATE = 0x4004AE99L;
    static final long KVM_GET_VCPU_EVENTS = 0x8040AE9FL;
    static final long KVM_SET_VCPU_EVENTS = 0x4040AEA0L;
    static final long KVM_GET_DEBUGREGS = 0x8080AEA1L;
    static final long KVM_SET_DEBUGREGS = 0x4080AEA2L;
    static final long KVM_SET_TSC_KHZ = 0xAEA2L;
    static final long KVM_GET_TSC_KHZ = 0xAEA3L;
    static final long KVM_GET_XSAVE = 0x9000AEA4L;
    static final long KVM_SET_XSAVE = 0x5000AEA5L;
    static final long KVM_GET_XCRS = 0x8188AEA6L;
    static final long KVM_SET_XCRS = 0x4188AEA7L;
    static final long KVM_KVMCLOCK_CTRL = 0xAEADL;
    static final long KVM_GET_XSAVE2 = 0x9000AECFL;
    static final long KVM_SET_DEVICE_ATTR = 0x4018AEE1L;
    static final long KVM_GET_DEVICE_ATTR = 0x4018AEE2L;

    // Attributes of a vCPU
    static final int KVM_VCPU_TSC_CTRL = 0;
    static final int KVM_VCPU_TSC_OFFSET = 0;

    private KvmRequest() {}
}
