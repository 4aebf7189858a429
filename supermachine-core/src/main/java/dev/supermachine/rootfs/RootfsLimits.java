package dev.supermachine.rootfs;

/**
 * How much a root file system may be made of. A layer that would go beyond is refused before anything is written.
 *
 * @param maxBytes the most bytes all uncompressed layers may hold together, headers included
 * @param maxEntries the most entries all layers may hold together, whiteouts and replaced files included
 * @param maxHeapBytes the most bytes of this JVM's heap that the merged tree may take, which is some hundred for each file
 * @since 0.1
 */
public record RootfsLimits(long maxBytes, long maxEntries, long maxHeapBytes) {

    private static final long DEFAULT_MAX_BYTES = 64L << 30;
    private static final long DEFAULT_MAX_ENTRIES = 5_000_000;

    /** Checks that all limits are above zero. */
    public RootfsLimits {
        if (maxBytes <= 0 || maxEntries <= 0 || maxHeapBytes <= 0) {
            throw new IllegalArgumentException("Limits must be above zero, but were: maxBytes " + maxBytes
                    + ", maxEntries " + maxEntries + ", maxHeapBytes " + maxHeapBytes);
        }
    }

    /**
     * Limits for the layers, and half of this JVM's heap for the merged tree, so that a layer cannot exhaust it for everybody.
     *
     * @param maxBytes as above
     * @param maxEntries as above
     */
    public RootfsLimits(long maxBytes, long maxEntries) {
        this(maxBytes, maxEntries, Runtime.getRuntime().maxMemory() / 2);
    }

    /**
     * Limits no image in ordinary use comes near: those that hold unless settings say otherwise.
     *
     * @return 64 GiB and five million entries
     */
    public static RootfsLimits defaults() {
        return new RootfsLimits(DEFAULT_MAX_BYTES, DEFAULT_MAX_ENTRIES);
    }
}
