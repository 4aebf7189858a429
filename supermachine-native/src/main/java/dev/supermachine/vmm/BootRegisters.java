package dev.supermachine.vmm;

import dev.supermachine.kvm.KvmLayout.KvmRegs;
import dev.supermachine.kvm.KvmLayout.KvmSegment;
import dev.supermachine.kvm.KvmLayout.KvmSregs;
import dev.supermachine.kvm.MsrBlock;
import dev.supermachine.kvm.VcpuFd;
import dev.supermachine.kvm.VcpuStruct;
import dev.supermachine.linux.NativeBlock;
import java.nio.ByteBuffer;

/** What is in a vCPU's registers when a guest begins to boot by the PVH protocol (Xen, docs/misc/pvh.pandoc, "PVH Entry Point"). */
final class BootRegisters {

    private static final long FAST_STRINGS = 1;

    /** Memory types are enabled, and by default memory is cached write-back. */
    private static final long MTRR_WRITE_BACK = 0x806;

    /** Registers of the local APIC: what its two pins do, and the delivery of an external interrupt or an NMI. */
    private static final int LAPIC_LINT0 = 0x350;

    private static final int LAPIC_LINT1 = 0x360;
    private static final int DELIVERS_EXTERNAL = 7 << 8;
    private static final int DELIVERS_NMI = 4 << 8;

    private static final int PROTECTED_MODE = 0x11;
    private static final int CODE = 0xB;
    private static final int DATA = 3;
    private static final int BUSY_TSS = 0xB;
    private static final int TSS_LIMIT = 0x67;

    private BootRegisters() {}

    /** What every vCPU has, also those that wait to be started. */
    static void setCommon(VcpuFd fd) {
        fd.resetFpu();
        VcpuMsrs.write(
                fd,
                new MsrBlock(MsrIndices.MISC_ENABLE, MsrIndices.MTRR_DEF_TYPE)
                        .put(0, FAST_STRINGS)
                        .put(1, MTRR_WRITE_BACK));
    }

    /**
     * What the one that boots has: 32-bit protected mode without paging, flat segments, and the address of the start information in EBX.
     *
     * @param fd the vCPU
     * @param entry the guest-physical address of its first instruction
     * @param startInfo that of the start information
     */
    static void setEntry(VcpuFd fd, long entry, long startInfo) {
        NativeBlock lapic = new NativeBlock(VcpuStruct.LAPIC.size());
        fd.get(VcpuStruct.LAPIC, lapic, 0);
        lapic.bytes().putInt(LAPIC_LINT0, DELIVERS_EXTERNAL).putInt(LAPIC_LINT1, DELIVERS_NMI);
        fd.set(VcpuStruct.LAPIC, lapic, 0);

        NativeBlock special = new NativeBlock(KvmSregs.SIZEOF);
        fd.get(VcpuStruct.SREGS, special, 0);
        ByteBuffer bytes = special.bytes();
        segment(bytes, KvmSregs.CS, 0x08, CODE, 0xFFFF_FFFF, 1);
        for (int offset : new int[] {KvmSregs.DS, KvmSregs.ES, KvmSregs.FS, KvmSregs.GS, KvmSregs.SS}) {
            segment(bytes, offset, 0x10, DATA, 0xFFFF_FFFF, 1);
        }
        segment(bytes, KvmSregs.TR, 0x18, BUSY_TSS, TSS_LIMIT, 0);
        bytes.putLong(KvmSregs.CR0, PROTECTED_MODE)
                .putLong(KvmSregs.CR3, 0)
                .putLong(KvmSregs.CR4, 0)
                .putLong(KvmSregs.EFER, 0);
        fd.set(VcpuStruct.SREGS, special, 0);

        NativeBlock general = new NativeBlock(KvmRegs.SIZEOF);
        general.bytes()
                .putLong(KvmRegs.RIP, entry)
                .putLong(KvmRegs.RBX, startInfo)
                .putLong(KvmRegs.RFLAGS, 2);
        fd.set(VcpuStruct.REGS, general, 0);
    }

    /** One that begins at 0. A segment of code or data is counted in pages and of 32 bits, one of the system in bytes. */
    private static void segment(ByteBuffer sregs, int offset, int selector, int type, int limit, int codeOrData) {
        sregs.putLong(offset + KvmSegment.BASE, 0)
                .putInt(offset + KvmSegment.LIMIT, limit)
                .putShort(offset + KvmSegment.SELECTOR, (short) selector)
                .put(offset + KvmSegment.TYPE, (byte) type)
                .put(offset + KvmSegment.PRESENT, (byte) 1)
                .put(offset + KvmSegment.DPL, (byte) 0)
                .put(offset + KvmSegment.DB, (byte) codeOrData)
                .put(offset + KvmSegment.S, (byte) codeOrData)
                .put(offset + KvmSegment.L, (byte) 0)
                .put(offset + KvmSegment.G, (byte) codeOrData)
                .put(offset + KvmSegment.AVL, (byte) 0)
                .put(offset + KvmSegment.UNUSABLE, (byte) 0);
    }
}
