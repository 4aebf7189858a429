package dev.supermachine.kvm;

/**
 * The sizes of KVM's structures and the offsets of their fields, in bytes, of linux/kvm.h and asm/kvm.h on x86-64: a class per structure and a constant per field. A
 * test compares all of them with those headers; so it is how the constants are named that leads from one to the other.
 *
 * @since 0.1
 */
@SuppressWarnings("MissingSummary")
public final class KvmLayout {

    private KvmLayout() {}

    /** {@code struct kvm_regs}. */
    public static final class KvmRegs {
        public static final int SIZEOF = 144;
        public static final int RAX = 0;
        public static final int RBX = 8;
        public static final int RCX = 16;
        public static final int RDX = 24;
        public static final int RSI = 32;
        public static final int RDI = 40;
        public static final int RSP = 48;
        public static final int RBP = 56;
        public static final int R8 = 64;
        public static final int R15 = 120;
        public static final int RIP = 128;
        public static final int RFLAGS = 136;

        private KvmRegs() {}
    }

    /** {@code struct kvm_segment}. */
    public static final class KvmSegment {
        public static final int SIZEOF = 24;
        public static final int BASE = 0;
        public static final int LIMIT = 8;
        public static final int SELECTOR = 12;
        public static final int TYPE = 14;
        public static final int PRESENT = 15;
        public static final int DPL = 16;
        public static final int DB = 17;
        public static final int S = 18;
        public static final int L = 19;
        public static final int G = 20;
        public static final int AVL = 21;
        public static final int UNUSABLE = 22;

        private KvmSegment() {}
    }

    /** {@code struct kvm_dtable}. */
    public static final class KvmDtable {
        public static final int SIZEOF = 16;
        public static final int BASE = 0;
        public static final int LIMIT = 8;

        private KvmDtable() {}
    }

    /** {@code struct kvm_sregs}. */
    public static final class KvmSregs {
        public static final int SIZEOF = 312;
        public static final int CS = 0;
        public static final int DS = 24;
        public static final int ES = 48;
        public static final int FS = 72;
        public static final int GS = 96;
        public static final int SS = 120;
        public static final int TR = 144;
        public static final int LDT = 168;
        public static final int GDT = 192;
        public static final int IDT = 208;
        public static final int CR0 = 224;
        public static final int CR2 = 232;
        public static final int CR3 = 240;
        public static final int CR4 = 248;
        public static final int CR8 = 256;
        public static final int EFER = 264;
        public static final int APIC_BASE = 272;
        public static final int INTERRUPT_BITMAP = 280;

        private KvmSregs() {}
    }

    /** {@code struct kvm_fpu}. */
    public static final class KvmFpu {
        public static final int SIZEOF = 416;
        public static final int FCW = 128;
        public static final int MXCSR = 408;

        private KvmFpu() {}
    }

    /** {@code struct kvm_xsave}, whose size grows with the processor; this is the least. */
    public static final class KvmXsave {
        public static final int SIZEOF = 4096;

        private KvmXsave() {}
    }

    /** {@code struct kvm_xcrs}. */
    public static final class KvmXcrs {
        public static final int SIZEOF = 392;
        public static final int XCRS = 8;

        private KvmXcrs() {}
    }

    /** {@code struct kvm_xcr}: the first is XCR0, which a processor always has. */
    public static final class KvmXcr {
        public static final int SIZEOF = 16;
        public static final int VALUE = 8;

        private KvmXcr() {}
    }

    /** {@code struct kvm_debugregs}. */
    public static final class KvmDebugregs {
        public static final int SIZEOF = 128;

        private KvmDebugregs() {}
    }

    /** {@code struct kvm_lapic_state}: the registers of a local APIC at their own offsets. */
    public static final class KvmLapicState {
        public static final int SIZEOF = 1024;

        private KvmLapicState() {}
    }

    /** {@code struct kvm_mp_state}. */
    public static final class KvmMpState {
        public static final int SIZEOF = 4;

        private KvmMpState() {}
    }

    /** {@code struct kvm_vcpu_events}. */
    public static final class KvmVcpuEvents {
        public static final int SIZEOF = 64;
        public static final int FLAGS = 20;

        private KvmVcpuEvents() {}
    }

    static final class KvmUserspaceMemoryRegion {
        static final int SIZEOF = 32;
        static final int SLOT = 0;
        static final int FLAGS = 4;
        static final int GUEST_PHYS_ADDR = 8;
        static final int MEMORY_SIZE = 16;
        static final int USERSPACE_ADDR = 24;

        private KvmUserspaceMemoryRegion() {}
    }

    static final class KvmMsi {
        static final int SIZEOF = 32;
        static final int ADDRESS_LO = 0;
        static final int ADDRESS_HI = 4;
        static final int DATA = 8;
        static final int FLAGS = 12;

        private KvmMsi() {}
    }

    static final class KvmEnableCap {
        static final int SIZEOF = 104;
        static final int CAP = 0;
        static final int FLAGS = 4;
        static final int ARGS = 8;

        private KvmEnableCap() {}
    }

    static final class KvmClockData {
        static final int SIZEOF = 48;
        static final int CLOCK = 0;
        static final int FLAGS = 8;

        private KvmClockData() {}
    }

    static final class KvmDeviceAttr {
        static final int SIZEOF = 24;
        static final int FLAGS = 0;
        static final int GROUP = 4;
        static final int ATTR = 8;
        static final int ADDR = 16;

        private KvmDeviceAttr() {}
    }

    static final class KvmMsrList {
        static final int SIZEOF = 4;
        static final int NMSRS = 0;
        static final int INDICES = 4;

        private KvmMsrList() {}
    }

    static final class KvmMsrs {
        static final int SIZEOF = 8;
        static final int NMSRS = 0;
        static final int ENTRIES = 8;

        private KvmMsrs() {}
    }

    static final class KvmMsrEntry {
        static final int SIZEOF = 16;
        static final int INDEX = 0;
        static final int DATA = 8;

        private KvmMsrEntry() {}
    }

    static final class KvmCpuid2 {
        static final int SIZEOF = 8;
        static final int NENT = 0;
        static final int ENTRIES = 8;

        private KvmCpuid2() {}
    }

    static final class KvmCpuidEntry2 {
        static final int SIZEOF = 40;
        static final int FUNCTION = 0;
        static final int INDEX = 4;
        static final int FLAGS = 8;
        static final int EAX = 12;
        static final int EBX = 16;
        static final int ECX = 20;
        static final int EDX = 24;

        private KvmCpuidEntry2() {}
    }

    /** Of {@code struct kvm_run} as far as it is used here; what has two underscores is in a union's member. */
    static final class KvmRunPage {
        static final int IMMEDIATE_EXIT = 1;
        static final int EXIT_REASON = 8;
        static final int IO__DIRECTION = 32;
        static final int IO__SIZE = 33;
        static final int IO__PORT = 34;
        static final int IO__COUNT = 36;
        static final int IO__DATA_OFFSET = 40;
        static final int MMIO__PHYS_ADDR = 32;
        static final int MMIO__DATA = 40;
        static final int MMIO__LEN = 48;
        static final int MMIO__IS_WRITE = 52;
        static final int INTERNAL__SUBERROR = 32;
        static final int INTERNAL__NDATA = 36;
        static final int INTERNAL__DATA = 40;
        static final int FAIL_ENTRY__HARDWARE_ENTRY_FAILURE_REASON = 32;
        static final int FAIL_ENTRY__CPU = 40;
        static final int SYSTEM_EVENT__TYPE = 32;

        private KvmRunPage() {}
    }
}
