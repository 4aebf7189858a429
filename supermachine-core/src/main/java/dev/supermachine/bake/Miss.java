package dev.supermachine.bake;

import dev.supermachine.snapshot.SimilarSnapshot;
import dev.supermachine.snapshot.SnapshotStore;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Why there is no snapshot of what is wanted: in what the one that comes closest differs from it.
 *
 * @param similar the snapshot of the same name or image with the most inputs in common; empty if there is none
 * @param differences in what it differs; empty without one, and if its inputs cannot be read
 * @since 0.1
 */
public record Miss(Optional<SimilarSnapshot> similar, List<InputDifference> differences) {

    /** Takes a copy. */
    public Miss {
        differences = List.copyOf(differences);
    }

    static Miss of(SnapshotStore store, BakeRequest request, Map<String, List<String>> inputs) {
        Optional<SimilarSnapshot> similar = store.mostSimilar(request.name(), request.reference(), inputs);
        return new Miss(
                similar,
                similar.filter(there -> there.unreadable().isEmpty())
                        .map(there -> InputDifference.between(there.inputs(), inputs))
                        .orElse(List.of()));
    }

    /**
     * For people.
     *
     * @return a sentence that names the snapshot and all differences
     */
    public String sentence() {
        return similar.map(there -> "The snapshot " + there.directory() + " is not used, because "
                        + there.unreadable()
                                .orElseGet(() -> differences.stream()
                                        .map(InputDifference::words)
                                        .collect(Collectors.joining("; ")))
                        + ".")
                .orElse("There is no snapshot of this name or image yet.");
    }
}
