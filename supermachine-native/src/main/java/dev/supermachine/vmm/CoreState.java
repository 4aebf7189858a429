package dev.supermachine.vmm;

import java.util.ArrayList;
import java.util.List;

/**
 * The state of a machine's vCPUs and of its clock. Captured or read once, it can be restored as often as wanted, into any number of machines. Immutable, thread-safe.
 *
 * @param vcpus in the order of their ids
 * @param clock nanoseconds
 */
record CoreState(List<VcpuState> vcpus, long clock) {

    private static final int VERSION = 1;
    private static final int VCPUS_MOST = 255;

    CoreState {
        vcpus = List.copyOf(vcpus);
    }

    /** Writes it. */
    void write(StateWriter out) {
        out.putInt(VERSION).putInt(vcpus.size());
        for (VcpuState vcpu : vcpus) {
            vcpu.write(out);
        }
        out.putLong(clock);
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws StateFormatException if it is something else
     */
    static CoreState read(StateReader in) {
        in.getInt("version " + VERSION + " of the processors' state, as a number", VERSION, VERSION);
        int count = in.getInt("a number of processors", 1, VCPUS_MOST);
        List<VcpuState> vcpus = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            vcpus.add(VcpuState.read(in));
        }
        return new CoreState(vcpus, in.getLong());
    }
}
