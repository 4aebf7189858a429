package dev.supermachine.snapshot;

import dev.supermachine.json.JsonDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The snapshot of the same thing that comes closest. Equal inputs are found by their fingerprint; this is for people who wonder why there was none. */
final class SimilarSnapshots {

    private static final Logger LOG = LoggerFactory.getLogger(SimilarSnapshots.class);

    private final SnapshotLayout layout;

    SimilarSnapshots(SnapshotLayout layout) {
        this.layout = layout;
    }

    /** As {@link SnapshotStore#mostSimilar(String, String, Map)}. */
    Optional<SimilarSnapshot> mostSimilar(String name, String reference, Map<String, List<String>> inputs) {
        Comparator<SimilarSnapshot> order = Comparator.<SimilarSnapshot>comparingLong(
                        there -> equalInputs(there, inputs))
                .thenComparing(there -> Pruner.lastUse(there.directory()))
                .thenComparing(SimilarSnapshot::directory);
        return snapshots().stream()
                .flatMap(directory -> candidate(directory, name, reference).stream())
                .max(order);
    }

    private static long equalInputs(SimilarSnapshot there, Map<String, List<String>> inputs) {
        return inputs.entrySet().stream()
                .filter(input -> input.getValue().equals(there.inputs().get(input.getKey())))
                .count();
    }

    /** As {@link SnapshotStore#manifests()}. */
    List<SnapshotManifest> manifests() {
        List<SnapshotManifest> manifests = new ArrayList<>();
        for (Path directory : snapshots()) {
            try {
                manifests.add(Integrity.readManifest(directory));
            } catch (IOException e) {
                LOG.trace("Passing over {}", directory, e);
            }
        }
        return manifests;
    }

    private List<Path> snapshots() {
        if (!Files.isDirectory(layout.baked())) {
            return List.of();
        }
        try (Stream<Path> directories = Files.list(layout.baked())) {
            return directories.sorted().toList();
        } catch (IOException e) {
            LOG.debug("Could not list {}", layout.baked(), e);
            return List.of();
        }
    }

    private static Optional<SimilarSnapshot> candidate(Path directory, String name, String reference) {
        try {
            Optional<SimilarSnapshot> other = ofOtherVersion(directory, name);
            if (other.isPresent()) {
                return other;
            }
            SnapshotManifest manifest = Integrity.readManifest(directory);
            SnapshotDetails details = manifest.details();
            return manifest.name().equals(name) || details.imageReference().equals(reference)
                    ? Optional.of(new SimilarSnapshot(directory, manifest.name(), details.inputs(), Optional.empty()))
                    : Optional.empty();
        } catch (IOException e) {
            LOG.trace("Passing over {}", directory, e);
            return Optional.empty();
        }
    }

    /** The name is all that can be relied on in a manifest of another version. */
    private static Optional<SimilarSnapshot> ofOtherVersion(Path directory, String name) throws IOException {
        JsonDocument json = JsonDocument.parse(Files.readAllBytes(directory.resolve(SnapshotLayout.MANIFEST)));
        long version = json.integer("formatVersion");
        return version != SnapshotManifest.FORMAT_VERSION && json.string("name").equals(name)
                ? Optional.of(new SimilarSnapshot(
                        directory,
                        name,
                        Map.of(),
                        Optional.of("its format version is " + version + "; this library reads version "
                                + SnapshotManifest.FORMAT_VERSION)))
                : Optional.empty();
    }
}
