package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.Image;
import dev.supermachine.engine.EngineSelector;
import dev.supermachine.pool.MemoryLedger;
import dev.supermachine.settings.KeepOnFailure;
import dev.supermachine.settings.Settings;
import dev.supermachine.snapshot.SampleSnapshot;
import dev.supermachine.snapshot.Snapshot;
import dev.supermachine.snapshot.SnapshotStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An image and the files it needs. */
class BakedImageTest {

    @TempDir
    private Path directory;

    @Test
    void noPruneTakesTheSnapshotOfAnImageThatCanBeReached() {
        Path root = directory.resolve("store");
        SnapshotStore store = new SnapshotStore(root, Settings.system());
        Snapshot snapshot = SampleSnapshot.in(root);
        try (MemoryLedger ledger = MemoryLedger.open(directory.resolve("ledger"), OptionalInt.of(1000))) {
            List<Image> images = new ArrayList<>(List.of(image(snapshot, ledger)));

            assertThat(images.get(0).name()).isEqualTo("mine");
            assertThat(images.get(0).reference()).isEqualTo("app:1");
            assertThat(store.prune(0, Duration.ZERO).removed()).isEmpty();

            images.clear();
            await().atMost(Duration.ofMinutes(1)).until(() -> {
                System.gc();
                return !store.prune(0, Duration.ZERO).removed().isEmpty();
            });
        }
    }

    private static Image image(Snapshot snapshot, MemoryLedger ledger) {
        return new BakedImage(
                snapshot.acquireUse(),
                "mine",
                "app:1",
                EngineSelector.engines().get(0),
                new Image.Origin(snapshot.directory(), false, 0, 0),
                ledger,
                Duration.ZERO,
                KeepOnFailure.NO);
    }
}
