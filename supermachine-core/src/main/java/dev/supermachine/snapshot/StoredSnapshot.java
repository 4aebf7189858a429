package dev.supermachine.snapshot;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * A snapshot as a list of a store shows it. Its files were not checked, which would take as long as reading them.
 *
 * @param directory where it is
 * @param fingerprint the hash of what it was baked from
 * @param manifest what it is; empty if that cannot be read
 * @param problem why not; empty if it can
 * @param lastUse when it was last used
 * @param bytes what its files take on disk, those that it shares with others included
 * @param inUse whether a process uses or bakes it now, as far as the kernel's list of locks tells
 * @since 0.1
 */
public record StoredSnapshot(
        Path directory,
        String fingerprint,
        Optional<SnapshotManifest> manifest,
        Optional<String> problem,
        Instant lastUse,
        long bytes,
        boolean inUse) {}
