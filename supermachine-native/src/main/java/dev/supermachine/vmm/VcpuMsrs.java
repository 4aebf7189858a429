package dev.supermachine.vmm;

import dev.supermachine.kvm.KvmException;
import dev.supermachine.kvm.MsrBlock;
import dev.supermachine.kvm.VcpuFd;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads and sets many model-specific registers of a vCPU, of which some may be refused. It remembers which those are, so that the next time the same registers are set,
 * none is asked for in vain. Not thread-safe.
 */
final class VcpuMsrs {

    private final ToIntFunction<MsrBlock> get;
    private final ToIntFunction<MsrBlock> set;

    /** The registers that were set last and of which some were refused; those of them that were not. */
    private @Nullable MsrBlock whole;

    private MsrBlock settable = new MsrBlock();

    /** Those of a vCPU, which is out whenever they are read or set. */
    VcpuMsrs(VcpuFd fd) {
        this(fd::getMsrs, fd::setMsrs);
    }

    /** For tests: as {@link VcpuFd#getMsrs} and {@link VcpuFd#setMsrs}. */
    VcpuMsrs(ToIntFunction<MsrBlock> get, ToIntFunction<MsrBlock> set) {
        this.get = get;
        this.set = set;
    }

    /**
     * Reads those of the registers that can be read.
     *
     * @param indices which to try
     */
    MsrBlock read(int... indices) {
        List<Integer> readable = new ArrayList<>();
        List<Long> values = new ArrayList<>();
        int next = 0;
        while (next < indices.length) {
            int[] rest = new int[indices.length - next];
            System.arraycopy(indices, next, rest, 0, rest.length);
            MsrBlock block = new MsrBlock(rest);
            int read = get.applyAsInt(block);
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
     * Sets registers. One that cannot be set is passed over if it has the value already. That is looked at once: what KVM does not let its host set, it does not let the
     * guest change either.
     *
     * @param registers which, and to what; the same object has the same registers and values
     * @throws KvmException if one cannot be set and has another value
     */
    void write(MsrBlock registers) {
        if (registers != whole || set.applyAsInt(settable) < settable.count()) {
            writeAll(registers);
        }
    }

    private void writeAll(MsrBlock registers) {
        List<Integer> taken = new ArrayList<>();
        int done = 0;
        while (done < registers.count()) {
            int written = set.applyAsInt(done == 0 ? registers : select(registers, range(done, registers.count())));
            taken.addAll(range(done, done + written));
            done += written;
            if (done < registers.count()) {
                requireValue(registers, done);
                done++;
            }
        }
        if (taken.size() < registers.count()) {
            settable = select(registers, taken);
            whole = registers;
        }
    }

    private void requireValue(MsrBlock registers, int refused) {
        int index = registers.index(refused);
        MsrBlock present = new MsrBlock(index);
        if (get.applyAsInt(present) != 1 || present.value(0) != registers.value(refused)) {
            throw new KvmException("KVM does not set model-specific register 0x" + Integer.toHexString(index) + " to 0x"
                    + Long.toHexString(registers.value(refused)) + ", where it is 0x"
                    + Long.toHexString(present.value(0))
                    + "; is this processor of another kind than the one before?");
        }
    }

    private static List<Integer> range(int from, int to) {
        return IntStream.range(from, to).boxed().toList();
    }

    private static MsrBlock select(MsrBlock registers, List<Integer> entries) {
        MsrBlock selected =
                new MsrBlock(entries.stream().mapToInt(registers::index).toArray());
        for (int i = 0; i < entries.size(); i++) {
            selected.put(i, registers.value(entries.get(i)));
        }
        return selected;
    }
}
