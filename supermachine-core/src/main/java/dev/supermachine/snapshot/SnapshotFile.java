package dev.supermachine.snapshot;

/**
 * One file of a snapshot, as its manifest lists it.
 *
 * @param path relative to the snapshot's directory, with {@code /} between names
 * @param size in bytes
 * @param hash {@code sha256:} and the hash of the content, or for files over 1 MiB {@code chunk-crc:} and the hash that {@code docs/snapshot-format.md}
 *     defines
 */
public record SnapshotFile(String path, long size, String hash) {}
