package dev.supermachine.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.VmPool;
import dev.supermachine.settings.Settings;
import dev.supermachine.snapshot.SampleSnapshot;
import dev.supermachine.snapshot.Snapshot;
import dev.supermachine.snapshot.SnapshotStore;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Pools over a {@link FakeEngine}. After each test no machine may be left, and nothing of what one holds. */
abstract class PoolFixture {

    static final Duration LONG = Duration.ofSeconds(60);
    static final int MIB = 100;

    @TempDir
    Path directory;

    final FakeEngine engine;
    int ledgerMib;
    private Snapshot snapshot;
    private @Nullable MemoryLedger ledger;

    PoolFixture(FakeEngine engine) {
        this.engine = engine;
    }

    @BeforeEach
    final void bake() {
        snapshot = SampleSnapshot.in(directory.resolve("store"));
    }

    @AfterEach
    final void nothingIsLeft() {
        MemoryLedger used = Objects.requireNonNull(ledger);
        engine.mayPrepare.release(1_000_000);
        await().atMost(LONG).untilAsserted(() -> assertThat(engine.alive).isEmpty());
        // all memory is there again, and nobody uses the snapshot any more
        await().atMost(LONG)
                .untilAsserted(() -> used.book("all", ledgerMib, Duration.ZERO, message -> {})
                        .close());
        await().atMost(LONG).until(() -> !pruned().isEmpty());
        used.close();
    }

    /** Deletes the snapshot if nobody uses it, and says what was deleted. */
    final List<?> pruned() {
        return new SnapshotStore(directory.resolve("store"), Settings.system())
                .prune(0, Duration.ZERO)
                .removed();
    }

    /** A source of machines, with memory for so many of them. */
    final MachineSource source(int machines) {
        ledgerMib = machines * MIB;
        MemoryLedger opened = MemoryLedger.open(directory.resolve("ledger"), OptionalInt.of(ledgerMib));
        ledger = opened;
        return new MachineSource(
                new FakeImage("fake", MIB),
                engine,
                snapshot,
                true,
                opened,
                Clock.systemUTC(),
                taken -> new FakeImage("taken", MIB));
    }

    static VmPool pool(MachineSource source, int min, int max) {
        return new PoolBuilder(source, LONG).min(min).max(max).build();
    }
}
