package dev.supermachine.snapshot;

import java.util.List;

/**
 * What a prune did.
 *
 * @param removed the fingerprints of the removed snapshots, the longest unused first
 * @param inUse the fingerprints of those that were due but in use or being baked
 * @param remainingBytes what the snapshots still take on disk
 */
public record PruneReport(List<String> removed, List<String> inUse, long remainingBytes) {

    /** Copies the lists. */
    public PruneReport {
        removed = List.copyOf(removed);
        inUse = List.copyOf(inUse);
    }
}
