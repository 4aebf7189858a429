package dev.supermachine.snapshot;

import dev.supermachine.settings.Settings;
import java.nio.file.Path;

/** A snapshot without a machine, for tests of those who use snapshots. */
public final class SampleSnapshot {

    private SampleSnapshot() {}

    /** Bakes it into a store. */
    public static Snapshot in(Path store) {
        return SampleBakes.bakeOnce(
                new SnapshotStore(store, Settings.system()),
                "postgres",
                SampleBakes.FINGERPRINT,
                SampleBakes::bake,
                SampleBakes.SILENT);
    }
}
