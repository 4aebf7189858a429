package dev.supermachine.kvm;

import dev.supermachine.kvm.KvmLayout.KvmRunPage;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * What a vCPU shares with the kernel: {@code struct kvm_run}. {@link #setImmediateExit} and {@link #immediateExit} are for any thread, all else for the vCPU's own while it is out.
 *
 * @since 0.1
 */
public final class KvmRun {

    /** {@code KVM_EXIT_IO}: a port is read or written. */
    public static final int EXIT_IO = 2;

    /** {@code KVM_EXIT_DEBUG}. */
    public static final int EXIT_DEBUG = 4;

    /** {@code KVM_EXIT_HLT}; not with a local APIC in the kernel. */
    public static final int EXIT_HLT = 5;

    /** {@code KVM_EXIT_MMIO}: memory is read or written where there is none. */
    public static final int EXIT_MMIO = 6;

    /** {@code KVM_EXIT_SHUTDOWN}: a triple fault. */
    public static final int EXIT_SHUTDOWN = 8;

    /** {@code KVM_EXIT_FAIL_ENTRY}: the processor refused the guest's state. */
    public static final int EXIT_FAIL_ENTRY = 9;

    /** {@code KVM_EXIT_INTR}: a signal arrived. */
    public static final int EXIT_INTR = 10;

    /** {@code KVM_EXIT_INTERNAL_ERROR}: KVM cannot go on. */
    public static final int EXIT_INTERNAL_ERROR = 17;

    /** {@code KVM_EXIT_SYSTEM_EVENT}: the guest wants to end, or to begin anew. */
    public static final int EXIT_SYSTEM_EVENT = 24;

    /** {@code KVM_EXIT_IOAPIC_EOI}: the end of a level-triggered interrupt. */
    public static final int EXIT_IOAPIC_EOI = 26;

    /** {@code KVM_EXIT_MEMORY_FAULT}: memory that cannot be given to the guest. */
    public static final int EXIT_MEMORY_FAULT = 39;

    /** {@code KVM_INTERNAL_ERROR_EMULATION}: an instruction that KVM cannot emulate. */
    public static final int INTERNAL_ERROR_EMULATION = 1;

    private final ByteBuffer page;

    KvmRun(ByteBuffer page) {
        this.page = page;
    }

    /**
     * Makes entering the vCPU end at once, after the last I/O was completed, or not any more. A vCPU that is inside already is not touched.
     *
     * @param immediate whether
     */
    public void setImmediateExit(boolean immediate) {
        page.put(KvmRunPage.IMMEDIATE_EXIT, (byte) (immediate ? 1 : 0));
        VarHandle.fullFence();
    }

    /**
     * Whether entering the vCPU ends at once.
     *
     * @return as it was set last
     */
    public boolean immediateExit() {
        return page.get(KvmRunPage.IMMEDIATE_EXIT) != 0;
    }

    /**
     * Why the vCPU came out.
     *
     * @return one of the constants, or another reason of linux/kvm.h
     */
    public int exitReason() {
        return page.getInt(KvmRunPage.EXIT_REASON);
    }

    /**
     * Of {@link #EXIT_IO}: the direction.
     *
     * @return true if the guest writes
     */
    public boolean ioIsWrite() {
        return page.get(KvmRunPage.IO__DIRECTION) != 0;
    }

    /**
     * Of {@link #EXIT_IO}: the size of one access.
     *
     * @return 1, 2 or 4 bytes
     */
    public int ioSize() {
        return page.get(KvmRunPage.IO__SIZE);
    }

    /**
     * Of {@link #EXIT_IO}: the port.
     *
     * @return 0 to 65535
     */
    public int ioPort() {
        return Short.toUnsignedInt(page.getShort(KvmRunPage.IO__PORT));
    }

    /**
     * Of {@link #EXIT_IO}: how many accesses to the port there are, one behind the other.
     *
     * @return 1, or more for a string instruction
     */
    public int ioCount() {
        return page.getInt(KvmRunPage.IO__COUNT);
    }

    /**
     * Of {@link #EXIT_IO}: what the guest writes.
     *
     * @param access from 0
     * @return the value, zero-extended
     */
    public long ioData(int access) {
        return get(ioOffset(access), ioSize());
    }

    /**
     * Of {@link #EXIT_IO}: answers what the guest reads.
     *
     * @param access from 0
     * @param value of which the lower bytes count
     */
    public void setIoData(int access, long value) {
        put(ioOffset(access), ioSize(), value);
    }

    /**
     * Of {@link #EXIT_MMIO}: the direction.
     *
     * @return true if the guest writes
     */
    public boolean mmioIsWrite() {
        return page.get(KvmRunPage.MMIO__IS_WRITE) != 0;
    }

    /**
     * Of {@link #EXIT_MMIO}: where.
     *
     * @return a guest-physical address
     */
    public long mmioAddress() {
        return page.getLong(KvmRunPage.MMIO__PHYS_ADDR);
    }

    /**
     * Of {@link #EXIT_MMIO}: the size of the access.
     *
     * @return 1 to 8 bytes; odd where an access reaches over the end of a page
     */
    public int mmioSize() {
        return page.getInt(KvmRunPage.MMIO__LEN);
    }

    /**
     * Of {@link #EXIT_MMIO}: what the guest writes.
     *
     * @param offset of the first byte in the access
     * @param size how many bytes
     * @return the value, zero-extended
     */
    public long mmioData(int offset, int size) {
        return get(KvmRunPage.MMIO__DATA + offset, size);
    }

    /**
     * Of {@link #EXIT_MMIO}: answers what the guest reads.
     *
     * @param offset of the first byte in the access
     * @param size how many bytes
     * @param value of which the lower bytes count
     */
    public void setMmioData(int offset, int size, long value) {
        put(KvmRunPage.MMIO__DATA + offset, size, value);
    }

    /**
     * Of {@link #EXIT_SYSTEM_EVENT}: which.
     *
     * @return {@code KVM_SYSTEM_EVENT_}: 1 to end, 2 to begin anew, 3 after a crash
     */
    public int systemEvent() {
        return page.getInt(KvmRunPage.SYSTEM_EVENT__TYPE);
    }

    /**
     * Of {@link #EXIT_INTERNAL_ERROR}: which.
     *
     * @return {@code KVM_INTERNAL_ERROR_}
     */
    public int internalError() {
        return page.getInt(KvmRunPage.INTERNAL__SUBERROR);
    }

    /**
     * Of {@link #EXIT_INTERNAL_ERROR}: what KVM says of it.
     *
     * @return a copy of up to 16 numbers
     */
    public long[] internalErrorData() {
        long[] data = new long[Math.max(0, Math.min(16, page.getInt(KvmRunPage.INTERNAL__NDATA)))];
        for (int i = 0; i < data.length; i++) {
            data[i] = page.getLong(KvmRunPage.INTERNAL__DATA + i * Long.BYTES);
        }
        return data;
    }

    /**
     * Of {@link #EXIT_FAIL_ENTRY}: the processor's reason.
     *
     * @return as its manual tells
     */
    public long failedEntryReason() {
        return page.getLong(KvmRunPage.FAIL_ENTRY__HARDWARE_ENTRY_FAILURE_REASON);
    }

    private int ioOffset(int access) {
        return Math.toIntExact(page.getLong(KvmRunPage.IO__DATA_OFFSET)) + access * ioSize();
    }

    private long get(int offset, int size) {
        long value = 0;
        for (int i = size - 1; i >= 0; i--) {
            value = (value << 8) | Byte.toUnsignedInt(page.get(offset + i));
        }
        return value;
    }

    private void put(int offset, int size, long value) {
        for (int i = 0; i < size; i++) {
            page.put(offset + i, (byte) (value >> (8 * i)));
        }
    }
}
