package dev.supermachine.kvm;

import dev.supermachine.kvm.KvmLayout.KvmMsrEntry;
import dev.supermachine.kvm.KvmLayout.KvmMsrs;
import dev.supermachine.linux.NativeBlock;

/**
 * Model-specific registers by index and value, as KVM reads and sets them: {@code struct kvm_msrs}. Thread-safe as far as memory is.
 *
 * @since 0.1
 */
public final class MsrBlock {

    private final int count;
    private final NativeBlock block;

    /**
     * Registers with values of zero.
     *
     * @param indices which
     */
    public MsrBlock(int... indices) {
        count = indices.length;
        block = new NativeBlock(KvmMsrs.SIZEOF + count * KvmMsrEntry.SIZEOF);
        block.bytes().putInt(KvmMsrs.NMSRS, count);
        for (int i = 0; i < count; i++) {
            block.bytes().putInt(entry(i) + KvmMsrEntry.INDEX, indices[i]);
        }
    }

    /**
     * How many there are.
     *
     * @return 0 or more
     */
    public int count() {
        return count;
    }

    /**
     * Which register an entry is of.
     *
     * @param entry from 0
     * @return its index, of 32 bits
     */
    public int index(int entry) {
        return block.bytes().getInt(entry(entry) + KvmMsrEntry.INDEX);
    }

    /**
     * A register's value.
     *
     * @param entry from 0
     * @return 64 bits
     */
    public long value(int entry) {
        return block.bytes().getLong(entry(entry) + KvmMsrEntry.DATA);
    }

    /**
     * Changes a register's value here.
     *
     * @param entry from 0
     * @param value 64 bits
     * @return this
     */
    public MsrBlock put(int entry, long value) {
        block.bytes().putLong(entry(entry) + KvmMsrEntry.DATA, value);
        return this;
    }

    NativeBlock block() {
        return block;
    }

    private static int entry(int entry) {
        return KvmMsrs.ENTRIES + entry * KvmMsrEntry.SIZEOF;
    }
}
