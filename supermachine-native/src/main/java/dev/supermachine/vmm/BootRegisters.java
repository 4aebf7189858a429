package dev.supermachine.vmm;

import dev.supermachine.kvm.CpuidEntry;
import dev.supermachine.kvm.KvmLayout.KvmRegs;
import dev.supermachine.kvm.KvmLayout.KvmSegment;
import dev.supermachine.kvm.KvmLayout.KvmSregs;
import dev.supermachine.kvm.KvmLayout.KvmXcr;
import dev.supermachine.kvm.KvmLayout.KvmXcrs;
import dev.supermachine.kvm.MsrBlock;
import dev.supermachine.kvm.VcpuFd;
import dev.supermachine.kvm.VcpuStruct;
import dev.supermachine.linux.NativeBlock;
import java.nio.ByteBuffer;
import java.util.List;

/** What is in a vCPU's registers when a guest begins to boot by the PVH protocol (Xen, docs/misc/pvh.pandoc, "PVH Entry Point"). */
final class BootRegisters {

    private static final long FAST_STRINGS = 1;

    /** x87, SSE, AVX and AVX-512, which need nobody's permission. */
    private static final long EXTENDED_STATE = 0xE7;

    private static final int EXTENDED_STATE_LEAF = 0xD;

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

    /**
     * What every vCPU has, also those that wait to be started.
     *
     * @param fd the vCPU
     * @param cpuid what its CPUID instruction answers
     */
    static void setCommon(VcpuFd fd, List<CpuidEntry> cpuid) {
        fd.resetFpu();
        enable(fd, extendedState(cpuid) & EXTENDED_STATE);
        new VcpuMsrs(fd)
                .write(new MsrBlock(MsrIndices.MISC_ENABLE, MsrIndices.MTRR_DEF_TYPE)
                        .put(0, FAST_STRINGS)
                        .put(1, MTRR_WRITE_BACK));
    }

    /** The components of extended state that can be enabled in XCR0. */
    private static long extendedState(List<CpuidEntry> cpuid) {
        return cpuid.stream()
                .filter(entry -> entry.function() == EXTENDED_STATE_LEAF && entry.index() == 0)
                .mapToLong(CpuidEntry::eax)
                .findFirst()
                .orElse(0);
    }

    /**
     * Enables components of extended state, as Linux does itself when it boots. Beneath an emulator that lets it do so behind KVM's back, as QEMU before 9.1 does, KVM
     * would disable them again at each entry, and the guest would lose its processes' SSE registers.
     */
    private static void enable(VcpuFd fd, long components) {
        if (components == 0) {
            return;
        }
        NativeBlock controls = new NativeBlock(VcpuStruct.XCRS.size());
        fd.get(VcpuStruct.XCRS, controls, 0);
        controls.bytes().putLong(KvmXcrs.XCRS + KvmXcr.VALUE, components);
        fd.set(VcpuStruct.XCRS, controls, 0);
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
