package dev.supermachine.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.EngineException;
import dev.supermachine.SnapshotException;
import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import dev.supermachine.testing.Background;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** In which order a running machine's snapshot is taken, and that the machine goes on whatever happens. */
@Timeout(120)
class LiveSnapshotTest extends PoolFixture {

    private Path own;
    private Path taken;

    LiveSnapshotTest() {
        super(new FakeEngine(true));
    }

    @BeforeEach
    void makeDirectory() throws IOException {
        own = Files.createDirectory(directory.resolve("own"));
        taken = own.resolve("taken");
        engine.onSnapshot = files -> write(files.resolve("state"));
    }

    @Test
    void theGuestStandsStillWhileItsMachineIsCaptured() {
        try (VmPool pool = pool(source(1), 0, 1);
                Vm vm = pool.acquire()) {
            assertThat(vm.snapshot(taken).name()).isEqualTo("taken");

            assertThat(engine.events)
                    .containsExactly("prepared 1", "activated 1", "paused 1", "captured 1", "resumed 1");
            assertThat(heard()).containsSubsequence("RESUME", "SUSPEND", "CONTINUE");
            assertThat(taken.resolve("machine/state")).exists();
        }
    }

    @Test
    void theMachineGoesOnWhenItCannotBeCaptured() {
        try (VmPool pool = pool(source(1), 0, 1);
                Vm vm = pool.acquire()) {
            engine.onSnapshot = files -> {
                write(files.resolve("state"));
                throw new EngineException("the engine failed");
            };
            assertThatThrownBy(() -> vm.snapshot(taken))
                    .isInstanceOf(SnapshotException.class)
                    .hasMessage("The snapshot of the machine '" + vm.name() + "' could not be written to " + taken
                            + ": the engine failed");
            assertThat(engine.events)
                    .containsExactly("prepared 1", "activated 1", "paused 1", "captured 1", "resumed 1");
            assertThat(own).isEmptyDirectory();

            engine.onSnapshot = files -> write(files.resolve("state"));
            vm.snapshot(taken);
            assertThat(heard()).containsSubsequence("SUSPEND", "CONTINUE", "SUSPEND", "CONTINUE");
        }
    }

    @Test
    void isRefusedDuringAResetAndAfterItsEnd() {
        try (VmPool pool = pool(source(1), 0, 1)) {
            Vm vm = pool.acquire();
            CountDownLatch mayRewind = new CountDownLatch(1);
            engine.onRewind = number -> pass(mayRewind);
            CompletableFuture<Void> reset = Background.run(vm::reset);
            await().atMost(LONG).until(() -> engine.rewound.get() == 1);

            assertThatThrownBy(() -> vm.snapshot(taken))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("The machine '" + vm.name()
                            + "' is being reset, or its last reset failed; reset it again, or close it.");
            mayRewind.countDown();
            assertThat(reset).succeedsWithin(LONG);
            vm.close();
            assertThatThrownBy(() -> vm.snapshot(taken))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("was given up");
            assertThat(own).isEmptyDirectory();
        }
    }

    @Test
    void aResetWaitsForTheSnapshot() throws ExecutionException, InterruptedException {
        try (VmPool pool = pool(source(1), 0, 1);
                Vm vm = pool.acquire()) {
            CountDownLatch mayCapture = new CountDownLatch(1);
            engine.onSnapshot = files -> {
                pass(mayCapture);
                write(files.resolve("state"));
            };
            CompletableFuture<Void> snapshot = Background.run(() -> vm.snapshot(taken));
            await().atMost(LONG).until(() -> engine.events.contains("captured 1"));
            CompletableFuture<Void> reset = Background.run(vm::reset);
            mayCapture.countDown();

            snapshot.get();
            reset.get();
            assertThat(engine.events).containsSubsequence("captured 1", "resumed 1", "rewound 1", "activated 1");
        }
    }

    @Test
    void givingTheMachineUpEndsTheSnapshot() {
        try (VmPool pool = pool(source(1), 0, 1)) {
            Vm vm = pool.acquire();
            CountDownLatch mayCapture = new CountDownLatch(1);
            engine.onSnapshot = files -> pass(mayCapture);
            CompletableFuture<Void> snapshot = Background.run(() -> vm.snapshot(taken));
            await().atMost(LONG).until(() -> engine.events.contains("captured 1"));
            vm.close();
            mayCapture.countDown();

            assertThat(snapshot)
                    .failsWithin(LONG)
                    .withThrowableThat()
                    .havingCause()
                    .withMessage("Machine '" + vm.name()
                            + "': it was given up: its holder has closed it, or its pool was closed");
            assertThat(own).isEmptyDirectory();
        }
    }

    private List<String> heard() {
        return engine.machines.get(0).agent().heard();
    }

    private static void write(Path file) {
        try {
            Files.writeString(file, "state");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void pass(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
