package dev.supermachine.vmm;

import dev.supermachine.kvm.KvmException;
import dev.supermachine.kvm.MsrBlock;
import dev.supermachine.kvm.VcpuFd;
import java.util.ArrayList;
import java.util.List;

/** Reads and sets many model-specific registers, of which some may be refused. */
final class VcpuMsrs {

    private VcpuMsrs() {}

    /**
     * Reads those of the registers that can be read.
     *
     * @param fd a vCPU that is out
     * @param indices which to try
     */
    static MsrBlock read(VcpuFd fd, int... indices) {
        List<Integer> readable = new ArrayList<>();
        List<Long> values = new ArrayList<>();
        int next = 0;
        while (next < indices.length) {
            int[] rest = new int[indices.length - next];
            System.arraycopy(indices, next, rest, 0, rest.length);
            MsrBlock block = new MsrBlock(rest);
            int read = fd.getMsrs(block);
            for (int i = 0; i < read; i++) {
                readable.add(block.index(i));
                values.add(block.value(i));
            }
            // The one behind the last that was read is refused.
            next += read + 1;
        }
        MsrBlock result =
                new MsrBlock(readable.stream().mapToInt(Integer::intValue).toArray());
        for (int i = 0; i < result.count(); i++) {
            result.put(i, values.get(i));
        }
        return result;
    }

    /**
     * Sets registers. One that cannot be set is passed over if it has the value already.
     *
     * @param fd a vCPU that is out
     * @param registers which, and to what
     * @throws KvmException if one cannot be set and has another value
     */
    static void write(VcpuFd fd, MsrBlock registers) {
        int written = fd.setMsrs(registers);
        while (written < registers.count()) {
            int index = registers.index(written);
            MsrBlock present = new MsrBlock(index);
            if (fd.getMsrs(present) != 1 || present.value(0) != registers.value(written)) {
                throw new KvmException("KVM does not set model-specific register 0x" + Integer.toHexString(index)
                        + " to 0x" + Long.toHexString(registers.value(written)) + ", where it is 0x"
                        + Long.toHexString(present.value(0))
                        + "; is this processor of another kind than the one before?");
            }
            int done = written + 1;
            written = done;
            if (done < registers.count()) {
                written += fd.setMsrs(tail(registers, done));
            }
        }
    }

    private static MsrBlock tail(MsrBlock registers, int from) {
        int[] indices = new int[registers.count() - from];
        for (int i = 0; i < indices.length; i++) {
            indices[i] = registers.index(from + i);
        }
        MsrBlock tail = new MsrBlock(indices);
        for (int i = 0; i < indices.length; i++) {
            tail.put(i, registers.value(from + i));
        }
        return tail;
    }
}
