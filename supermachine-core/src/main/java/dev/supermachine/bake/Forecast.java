package dev.supermachine.bake;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a bake would find.
 *
 * @param fingerprint what the snapshot is found by
 * @param inputs what the fingerprint was made of, as {@link BakeInputs#told}
 * @param snapshot where the snapshot is; empty if it would be baked
 * @param damage why a snapshot that is there under the fingerprint cannot be used; empty if it can, and if there is none
 * @param miss why there is none; empty if there is
 * @since 0.1
 */
public record Forecast(
        String fingerprint,
        Map<String, List<String>> inputs,
        Optional<Path> snapshot,
        Optional<String> damage,
        Optional<Miss> miss) {

    /** Takes a copy. */
    public Forecast {
        inputs = Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
    }
}
