package dev.supermachine.cli;

import dev.supermachine.snapshot.SnapshotDetails;
import dev.supermachine.snapshot.SnapshotStore;
import dev.supermachine.snapshot.SnapshotUse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** A store with snapshots that no machine was captured for. */
final class SampleStore {

    private final SnapshotStore store;

    SampleStore(Path home) {
        this.store = new SnapshotStore(home.resolve("snapshots"), 1L << 40, Duration.ofDays(30));
    }

    static String fingerprint(int number) {
        return String.format("%064x", number);
    }

    /** Bakes one, which the caller holds. */
    SnapshotUse bake(String name, int number) {
        return store.bakeOnce(
                name,
                fingerprint(number),
                workspace -> {
                    Files.writeString(workspace.rootImage(), "the root image of " + number);
                    Files.writeString(workspace.machineDirectory().resolve("state"), "device state");
                    return details();
                },
                message -> {});
    }

    private static SnapshotDetails details() {
        return new SnapshotDetails(
                "localhost:5000/postgres:16",
                "sha256:" + "1".repeat(64),
                "linux/amd64",
                "qemu-tcg",
                "QEMU 7.2.0",
                512,
                1,
                List.of(5432),
                true,
                "a listener on port 5432",
                "2".repeat(64),
                "3".repeat(64),
                List.of(),
                Map.of(),
                Map.of("command", List.of("postgres"), "environment", List.of("TZ=hmac-sha256:" + "4".repeat(64))),
                "{\"argv\":[\"postgres\"]}",
                "the \u001b[31mconsole\nits end");
    }
}
