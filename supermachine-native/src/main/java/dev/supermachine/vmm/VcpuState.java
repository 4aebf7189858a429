package dev.supermachine.vmm;

import dev.supermachine.kvm.KvmException;
import dev.supermachine.kvm.MsrBlock;
import dev.supermachine.kvm.VcpuFd;
import dev.supermachine.kvm.VcpuStruct;
import dev.supermachine.linux.NativeBlock;
import java.util.OptionalLong;

/**
 * All of a vCPU's state, captured once and set as often as wanted, in structures that lie ready for KVM. What the CPUID instruction answers is not part of it, nor the
 * time stamp counter, which {@link TscState} has. Immutable, thread-safe.
 */
final class VcpuState {

    /** {@code IA32_LVT_TIMER}'s place among the local APIC's registers, and its bits. */
    private static final int LAPIC_TIMER = 0x320;

    private static final int TIMER_MASKED_OR_MODE = 7 << 16;
    private static final int TIMER_BY_DEADLINE = 2 << 17;

    private static final int XSAVE_MOST = 1 << 20;
    private static final int MSRS_MOST = 4096;

    private static final VcpuStruct[] PARTS = VcpuStruct.values();

    private final int xsaveSize;
    private final NativeBlock block;
    private final TscState tsc;

    /** Without the time stamp counter and its deadline. */
    private final MsrBlock msrs;

    /** The deadline of the local APIC's timer, as it is to be set; empty if the vCPU has none. */
    private final MsrBlock deadline;

    /** What it is set to at a restore. */
    private final MsrBlock deadlineToSet;

    /** Where each of the parts begins. */
    private final int[] offsets = new int[PARTS.length];

    private VcpuState(int xsaveSize, NativeBlock block, TscState tsc, MsrBlock msrs, MsrBlock deadline) {
        this.xsaveSize = xsaveSize;
        this.block = block;
        this.tsc = tsc;
        this.msrs = msrs;
        this.deadline = deadline;
        for (int i = 0; i < PARTS.length; i++) {
            offsets[i] = offset(PARTS[i], xsaveSize);
        }
        deadlineToSet = deadline.count() > 0 && timerMayHaveExpired() ? expiredDeadline() : deadline;
    }

    /**
     * Captures it.
     *
     * @param fd a vCPU that is out, with no instruction half done
     * @param xsaveSize how large that part is on this machine
     * @param indices the registers that may hold state
     */
    static VcpuState capture(VcpuFd fd, int xsaveSize, int[] indices) {
        NativeBlock block = new NativeBlock(size(xsaveSize));
        for (VcpuStruct part : PARTS) {
            if (part != VcpuStruct.VCPU_EVENTS) {
                fd.get(part, block, offset(part, xsaveSize));
            }
        }
        MsrBlock all = new VcpuMsrs(fd).read(indices);
        fd.get(VcpuStruct.VCPU_EVENTS, block, offset(VcpuStruct.VCPU_EVENTS, xsaveSize));
        return of(xsaveSize, block, TscState.capture(fd), all);
    }

    private static VcpuState of(int xsaveSize, NativeBlock block, TscState tsc, MsrBlock all) {
        int count = 0;
        MsrBlock deadline = new MsrBlock();
        for (int i = 0; i < all.count(); i++) {
            if (all.index(i) == MsrIndices.TSC_DEADLINE) {
                deadline = new MsrBlock(MsrIndices.TSC_DEADLINE).put(0, all.value(i));
            } else if (all.index(i) != MsrIndices.TSC) {
                count++;
            }
        }
        int[] indices = new int[count];
        long[] values = new long[count];
        int next = 0;
        for (int i = 0; i < all.count(); i++) {
            if (all.index(i) != MsrIndices.TSC_DEADLINE && all.index(i) != MsrIndices.TSC) {
                indices[next] = all.index(i);
                values[next++] = all.value(i);
            }
        }
        MsrBlock msrs = new MsrBlock(indices);
        for (int i = 0; i < count; i++) {
            msrs.put(i, values[i]);
        }
        return new VcpuState(xsaveSize, block, tsc, msrs, deadline);
    }

    /** Its time stamp counter. */
    TscState tsc() {
        return tsc;
    }

    /**
     * Sets all but the time stamp counter, its deadline, and what comes after these.
     *
     * @param fd a vCPU that is out, with no instruction half done
     * @param registers its registers
     * @param hostXsaveSize how large that part is on this machine
     */
    void restore(VcpuFd fd, VcpuMsrs registers, int hostXsaveSize) {
        if (hostXsaveSize != xsaveSize) {
            throw new KvmException("The state of a processor has " + xsaveSize
                    + " bytes of extended state, but this host's has " + hostXsaveSize + "; it is of another kind");
        }
        for (int i = 0; i < PARTS.length; i++) {
            if (PARTS[i] != VcpuStruct.VCPU_EVENTS) {
                fd.set(PARTS[i], block, offsets[i]);
            }
        }
        registers.write(msrs);
    }

    /**
     * Sets the rest, after the time stamp counter was set.
     *
     * @param fd a vCPU on which all else was restored
     * @param registers its registers
     */
    void restoreEvents(VcpuFd fd, VcpuMsrs registers) {
        if (deadline.count() > 0) {
            registers.write(deadlineToSet);
        }
        fd.set(VcpuStruct.VCPU_EVENTS, block, offset(VcpuStruct.VCPU_EVENTS, xsaveSize));
        fd.tellPaused();
    }

    /**
     * Whether a deadline of zero may mean that the timer expired and its interrupt was on the way when the state was captured. It would be lost, and the guest would
     * wait for ever; one too many does no harm.
     */
    private boolean timerMayHaveExpired() {
        int timer = block.bytes().getInt(offset(VcpuStruct.LAPIC, xsaveSize) + LAPIC_TIMER);
        return deadline.value(0) == 0 && (timer & TIMER_MASKED_OR_MODE) == TIMER_BY_DEADLINE;
    }

    private MsrBlock expiredDeadline() {
        return new MsrBlock(MsrIndices.TSC_DEADLINE).put(0, Math.max(1, tsc.value()));
    }

    /** A copy of one part, for tests. */
    byte[] part(VcpuStruct part) {
        return block.copy(offset(part, xsaveSize), size(part, xsaveSize));
    }

    /** The registers, for tests; not to be changed. */
    MsrBlock msrs() {
        return msrs;
    }

    /** Writes it. */
    void write(StateWriter out) {
        out.putInt(xsaveSize);
        for (VcpuStruct part : PARTS) {
            out.putBytes(part(part));
        }
        out.putLong(tsc.value()).putInt(tsc.khz());
        out.putBoolean(tsc.offset().isPresent()).putLong(tsc.offset().orElse(0));
        out.putInt(msrs.count() + deadline.count());
        write(out, msrs);
        write(out, deadline);
    }

    private static void write(StateWriter out, MsrBlock registers) {
        for (int i = 0; i < registers.count(); i++) {
            out.putInt(registers.index(i)).putLong(registers.value(i));
        }
    }

    /** Reads what {@link #write} wrote. */
    static VcpuState read(StateReader in) {
        int xsaveSize = in.getInt("a size of extended state", VcpuStruct.XSAVE.size(), XSAVE_MOST);
        NativeBlock block = new NativeBlock(size(xsaveSize));
        for (VcpuStruct part : PARTS) {
            byte[] bytes = in.getBytes();
            if (bytes.length != size(part, xsaveSize)) {
                throw new StateFormatException("Expected " + size(part, xsaveSize) + " bytes of a processor's " + part
                        + ", but found " + bytes.length);
            }
            block.bytes().put(offset(part, xsaveSize), bytes);
        }
        long value = in.getLong();
        int khz = in.getInt("a frequency in kHz", 1, Integer.MAX_VALUE);
        boolean hasOffset = in.getBoolean();
        long offset = in.getLong();
        TscState tsc = new TscState(value, khz, hasOffset ? OptionalLong.of(offset) : OptionalLong.empty());
        int count = in.getInt("a number of registers", 0, MSRS_MOST);
        int[] indices = new int[count];
        long[] values = new long[count];
        for (int i = 0; i < count; i++) {
            indices[i] = in.getInt();
            values[i] = in.getLong();
        }
        MsrBlock all = new MsrBlock(indices);
        for (int i = 0; i < count; i++) {
            all.put(i, values[i]);
        }
        return of(xsaveSize, block, tsc, all);
    }

    private static int size(VcpuStruct part, int xsaveSize) {
        return part == VcpuStruct.XSAVE ? xsaveSize : part.size();
    }

    private static int size(int xsaveSize) {
        int last = PARTS.length - 1;
        return offset(PARTS[last], xsaveSize) + size(PARTS[last], xsaveSize);
    }

    /** Aligned as the processor likes it. */
    private static int offset(VcpuStruct part, int xsaveSize) {
        int offset = 0;
        for (VcpuStruct before : PARTS) {
            if (before == part) {
                break;
            }
            offset += (size(before, xsaveSize) + 63) / 64 * 64;
        }
        return offset;
    }
}
