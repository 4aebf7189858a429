package dev.supermachine.rootfs;

/**
 * How much a root file system may be made of. A layer that would go beyond is refused before anything is written.
 *
 * @param maxBytes the most bytes all uncompressed layers may hold together, headers included
 * @param maxEntries the most entries all layers may hold together, whiteouts and replaced files included
 * @since 0.1
 */
public record RootfsLimits(long maxBytes, long maxEntries) {

    private static final long DEFAULT_MAX_BYTES = 64L << 30;
    private static final long DEFAULT_MAX_ENTRIES = 1_000_000;

    /** Checks that both limits are above zero. */
    public RootfsLimits {
        if (maxBytes <= 0 || maxEntries <= 0) {
            throw new IllegalArgumentException(
                    "Limits must be above zero, but were: maxBytes " + maxBytes + ", maxEntries " + maxEntries);
        }
    }

    /**
     * Limits no image in ordinary use comes near.
     *
     * @return 64 GiB and one million entries
     */
    public static RootfsLimits defaults() {
        return new RootfsLimits(DEFAULT_MAX_BYTES, DEFAULT_MAX_ENTRIES);
    }
}
