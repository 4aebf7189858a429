package dev.supermachine.vmm;

/**
 * What answers to a range of guest addresses, of memory-mapped I/O or of ports. Called by vCPU threads, several at once: implementations lock for themselves.
 * Whatever a guest does with a region must not throw; what makes no sense is ignored, or reads as zero.
 */
interface IoRegion {

    /**
     * The guest reads.
     *
     * @param offset from the region's begin, within it
     * @param size 1, 2, 4 or 8 bytes; may reach beyond the region's end
     * @return the value, little-endian; bits beyond the size are ignored
     */
    long read(long offset, int size);

    /**
     * The guest writes.
     *
     * @param offset from the region's begin, within it
     * @param size 1, 2, 4 or 8 bytes; may reach beyond the region's end
     * @param value the value, zero-extended
     */
    void write(long offset, int size, long value);

    /**
     * Does some of what accesses have left undone, so that none keeps a vCPU for long. Called by vCPU threads before they enter the guest, again and again until there is
     * nothing left or the vCPU is wanted to pause or stop.
     *
     * @return whether there was something, and so may be more
     */
    default boolean turn() {
        return false;
    }
}
