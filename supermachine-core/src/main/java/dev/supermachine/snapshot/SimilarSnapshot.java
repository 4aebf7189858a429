package dev.supermachine.snapshot;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A snapshot of the same thing as one that is wanted.
 *
 * @param directory where it is
 * @param name what people call it
 * @param inputs as {@link SnapshotDetails#inputs()}; empty if they cannot be read
 * @param unreadable why its inputs cannot be read, the rest of a sentence; empty if they can
 * @since 0.1
 */
public record SimilarSnapshot(
        Path directory, String name, Map<String, List<String>> inputs, Optional<String> unreadable) {}
