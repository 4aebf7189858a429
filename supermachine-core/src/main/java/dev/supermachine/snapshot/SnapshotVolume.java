package dev.supermachine.snapshot;

/**
 * A disk that the guest of a snapshot writes to, and what it was before the bake.
 *
 * @param guestPath where it is mounted in the guest
 * @param sizeBytes how large it is
 * @param seed the {@link ContentHash} of what was in the host's file before the bake; empty for a new file system
 * @since 0.1
 */
public record SnapshotVolume(String guestPath, long sizeBytes, String seed) {}
