package dev.supermachine.vmm;

import dev.supermachine.kvm.KvmCapability;
import dev.supermachine.kvm.KvmException;
import dev.supermachine.kvm.MsrBlock;
import dev.supermachine.kvm.VcpuFd;
import dev.supermachine.kvm.VmFd;
import java.util.List;
import java.util.OptionalLong;

/**
 * A vCPU's time stamp counter at one instant.
 *
 * @param value what the guest would have read
 * @param khz how fast it counts
 * @param offset to the host's, scaled; empty before Linux 5.16
 */
record TscState(long value, int khz, OptionalLong offset) {

    /** KVM takes a difference of less for the same (arch/x86/kvm/x86.c, tsc_tolerance_ppm), and so does Linux's NTP. */
    private static final long TOLERANCE_PPM = 250;

    /** A write of a value that is further off than KVM's "one second" from what it expects is taken at its word. */
    private static final long FAR_SECONDS = 3600;

    /** Captures it. */
    static TscState capture(VcpuFd fd) {
        return new TscState(read(fd), fd.tscKhz(), fd.tscOffset());
    }

    /**
     * Makes the counters of a machine's vCPUs count on from there, all by the same offset if that was so.
     *
     * <p>By the attribute for it: a write of the register itself is not taken at its word if it is within a second of what KVM expects, so that a machine which is
     * reset soon would go on where it was.
     *
     * @param fds the vCPUs, all out
     * @param states a state for each
     */
    static void restore(List<VcpuFd> fds, List<TscState> states) {
        VcpuFd first = fds.get(0);
        OptionalLong present = first.tscOffset();
        if (present.isPresent()) {
            long offset = present.getAsLong() + states.get(0).value - read(first);
            for (int i = 0; i < fds.size(); i++) {
                long apart =
                        states.get(i).offset.orElse(0) - states.get(0).offset.orElse(0);
                fds.get(i).setTscOffset(offset + apart);
            }
            return;
        }
        write(first, states.get(0).value + states.get(0).khz * 1000L * FAR_SECONDS);
        for (int i = 0; i < fds.size(); i++) {
            write(fds.get(i), states.get(i).value);
        }
    }

    /**
     * Makes a vCPU's counter count as fast as this, if it does not.
     *
     * @param machine its machine
     * @param fd the vCPU
     * @param present how fast it counts now
     * @throws KvmException if that is not possible here
     */
    void restoreFrequency(VmFd machine, VcpuFd fd, int present) {
        long difference = Math.abs((long) khz - present);
        if (difference * 1_000_000 <= TOLERANCE_PPM * present) {
            return;
        }
        if (machine.check(KvmCapability.TSC_CONTROL) == 0) {
            throw new KvmException("The time stamp counter of this machine's state counts at " + khz
                    + " kHz, but this host's at " + present
                    + " kHz, and its processor cannot scale it; use the state on a host like the one before");
        }
        fd.setTscKhz(khz);
    }

    private static long read(VcpuFd fd) {
        MsrBlock block = new MsrBlock(MsrIndices.TSC);
        if (fd.getMsrs(block) != 1) {
            throw new KvmException("KVM does not tell a vCPU's time stamp counter");
        }
        return block.value(0);
    }

    private static void write(VcpuFd fd, long value) {
        new VcpuMsrs(fd).write(new MsrBlock(MsrIndices.TSC).put(0, value));
    }
}
