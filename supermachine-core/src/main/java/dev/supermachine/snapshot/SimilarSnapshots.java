package dev.supermachine.snapshot;

import dev.supermachine.json.JsonDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Snapshots of the same thing that cannot be used here. Equal inputs are found by their fingerprint; this is for people who wonder why there was none. */
final class SimilarSnapshots {

    private static final Logger LOG = LoggerFactory.getLogger(SimilarSnapshots.class);

    private final SnapshotLayout layout;

    SimilarSnapshots(SnapshotLayout layout) {
        this.layout = layout;
    }

    /** As {@link SnapshotStore#whyNotReused(String, SnapshotDetails)}. */
    Optional<String> whyNotReused(String name, SnapshotDetails wanted) {
        for (Path directory : snapshots()) {
            Optional<String> reason = ofOtherVersion(directory, name).or(() -> ofOtherEngine(directory, wanted));
            if (reason.isPresent()) {
                return reason;
            }
        }
        return Optional.empty();
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

    /** The name is all that can be relied on in a manifest of another version. */
    private static Optional<String> ofOtherVersion(Path directory, String name) {
        try {
            JsonDocument json = JsonDocument.parse(Files.readAllBytes(directory.resolve(SnapshotLayout.MANIFEST)));
            long version = json.integer("formatVersion");
            return version != SnapshotManifest.FORMAT_VERSION
                            && json.string("name").equals(name)
                    ? Optional.of("The snapshot " + directory + " is not used, because its format version is " + version
                            + "; this library reads version " + SnapshotManifest.FORMAT_VERSION + ".")
                    : Optional.empty();
        } catch (IOException e) {
            LOG.trace("Passing over {}", directory, e);
            return Optional.empty();
        }
    }

    private static Optional<String> ofOtherEngine(Path directory, SnapshotDetails wanted) {
        try {
            SnapshotDetails there = Integrity.readManifest(directory).details();
            boolean otherEngine = !there.engineIdentity().equals(wanted.engineIdentity());
            return otherEngine && withoutEngine(there).equals(withoutEngine(wanted))
                    ? Optional.of("The snapshot " + directory + " is not used, because it was captured by engine "
                            + there.engineId() + " (" + there.engineIdentity() + "), and this is engine "
                            + wanted.engineId() + " (" + wanted.engineIdentity() + ").")
                    : Optional.empty();
        } catch (IOException e) {
            LOG.trace("Passing over {}", directory, e);
            return Optional.empty();
        }
    }

    private static SnapshotDetails withoutEngine(SnapshotDetails details) {
        return new SnapshotDetails(
                "",
                details.imageDigest(),
                details.platform(),
                "",
                "",
                details.memoryMib(),
                details.vcpus(),
                details.guestPorts(),
                details.workloadStarted(),
                details.readiness(),
                details.kernelFingerprint(),
                details.agentFingerprint(),
                details.volumes(),
                details.environment(),
                details.workload(),
                "");
    }
}
