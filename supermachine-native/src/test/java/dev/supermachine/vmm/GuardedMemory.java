package dev.supermachine.vmm;

import java.nio.ByteBuffer;
import java.util.List;

/** A guest's memory in the middle of larger buffers, so that it shows when something reaches beyond: two parts that touch, then a hole, then a third. */
final class GuardedMemory {

    static final long TOUCH = 0x80000;
    static final long LOW_END = 0x100000;
    static final long HIGH = 0x200000;
    static final long END = 0x210000;

    private static final int GUARD = 4096;

    private final List<ByteBuffer> backing =
            List.of(guarded((int) TOUCH), guarded((int) (LOW_END - TOUCH)), guarded((int) (END - HIGH)));

    final GuestMemory memory =
            new GuestMemory(List.of(part(0, backing.get(0)), part(TOUCH, backing.get(1)), part(HIGH, backing.get(2))));

    private static ByteBuffer guarded(int size) {
        ByteBuffer all = ByteBuffer.allocateDirect(size + 2 * GUARD);
        for (int i = 0; i < GUARD; i++) {
            all.put(i, pattern(i)).put(GUARD + size + i, pattern(i));
        }
        return all;
    }

    private static GuestMemory.Part part(long address, ByteBuffer all) {
        return new GuestMemory.Part(address, all.slice(GUARD, all.capacity() - 2 * GUARD));
    }

    private static byte pattern(int index) {
        return (byte) (index * 31 + 0x5A);
    }

    /** Fails if anything beside the memory was written. */
    void requireGuards() {
        for (ByteBuffer all : backing) {
            for (int i = 0; i < GUARD; i++) {
                if (all.get(i) != pattern(i) || all.get(all.capacity() - GUARD + i) != pattern(i)) {
                    throw new AssertionError("Something was written beside the guest's memory");
                }
            }
        }
    }
}
