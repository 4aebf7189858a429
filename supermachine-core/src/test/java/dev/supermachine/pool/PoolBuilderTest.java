package dev.supermachine.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.VmPool;
import dev.supermachine.snapshot.SampleSnapshot;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.OptionalInt;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PoolBuilderTest {

    private static final int LEDGER_MIB = 1000;

    @TempDir
    private Path directory;

    private MemoryLedger ledger;
    private VmPool.Builder builder;

    @BeforeEach
    void begin() {
        ledger = MemoryLedger.open(directory.resolve("ledger"), OptionalInt.of(LEDGER_MIB));
        MachineSource source = new MachineSource(
                new FakeImage("fake", 100),
                new FakeEngine(),
                SampleSnapshot.in(directory.resolve("store")),
                true,
                ledger,
                Clock.systemUTC(),
                taken -> new FakeImage("taken", 100));
        builder = new PoolBuilder(source, Duration.ofSeconds(30));
    }

    @AfterEach
    void end() {
        // until what goes on in the background has given its memory back, files of the ledger come and go
        await().untilAsserted(() ->
                ledger.book("all", LEDGER_MIB, Duration.ZERO, message -> {}).close());
        ledger.close();
    }

    @Test
    void theDefaultsAreThoseOfTheDocumentation() {
        try (VmPool pool = builder.build()) {
            assertThat(pool.stats().min()).isOne();
            assertThat(pool.stats().max()).isEqualTo(2 * Runtime.getRuntime().availableProcessors());
            // its machine is booked in the background, in a file that goes with the test
            await().until(() -> pool.stats().idle() == 1);
        }
    }

    @Test
    void figuresThatMakeNoSenseAreRefused() {
        refused(() -> builder.min(-1), "The minimum of a pool is 0 or more, but was: -1");
        refused(() -> builder.max(0), "The maximum of a pool is 1 or more, but was: 0");
        refused(() -> builder.idleTimeout(Duration.ofNanos(-1)), "idle time-out must not be negative");
        refused(() -> builder.acquireTimeout(Duration.ofNanos(-1)), "acquire time-out must not be negative");
        refused(
                () -> builder.min(3).max(2).build(),
                "The minimum of a pool must not be above its maximum, but they were 3 and 2.");
    }

    @Test
    void theLargestFiguresDoNotOverflow() {
        Duration longest = Duration.ofSeconds(Long.MAX_VALUE);
        try (VmPool pool = builder.min(0)
                .max(Integer.MAX_VALUE)
                .idleTimeout(longest)
                .acquireTimeout(longest)
                .build()) {
            pool.acquire().close();
            assertThat(pool.stats().acquired()).isOne();
        }
    }

    private static void refused(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    }
}
