package dev.supermachine.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.AcquireException;
import dev.supermachine.EngineException;
import dev.supermachine.MachineException;
import dev.supermachine.SupermachineException;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import dev.supermachine.testing.Background;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a pool does when several things happen at once, with machines that stop where a test wants them to. */
@Timeout(120)
class MachinePoolTest extends PoolFixture {

    MachinePoolTest() {
        super(new FakeEngine());
    }

    @Test
    void aHolderTakesTheMachineThatIsJustBeingMadeReady() {
        engine.mayPrepare = new Semaphore(0);
        try (VmPool pool = pool(source(10), 1, 1)) {
            await().atMost(LONG).until(() -> engine.preparing.get() == 1);
            CompletableFuture<Vm> vm = Background.supply(pool::acquire);
            await().atMost(LONG).until(() -> pool.stats().waiting() == 1 || engine.preparing.get() == 2);
            engine.mayPrepare.release(1_000);

            assertThat(vm).succeedsWithin(LONG);

            assertThat(engine.mostAlive()).isOne();
            assertThat(engine.prepared).hasValue(1);
            assertThat(pool.stats().alive()).isOne();
        }
    }

    @Test
    void whoWaitsForAMachineThatCannotBeMadeReadyRestoresHisOwn() {
        engine.mayPrepare = new Semaphore(0);
        engine.onPrepare = number -> {
            if (number == 1) {
                throw new EngineException("the first fails");
            }
        };
        try (VmPool pool = pool(source(10), 1, 1)) {
            await().atMost(LONG).until(() -> engine.preparing.get() == 1);
            CompletableFuture<Vm> vm = Background.supply(pool::acquire);
            await().atMost(LONG).until(() -> pool.stats().waiting() == 1 || engine.preparing.get() == 2);
            engine.mayPrepare.release(1_000);

            assertThat(vm).succeedsWithin(LONG);
        }
    }

    @Test
    void closingEndsTheWaitForAMachineThatIsBeingMadeReady() {
        engine.mayPrepare = new Semaphore(0);
        VmPool pool = pool(source(10), 1, 1);
        await().atMost(LONG).until(() -> engine.preparing.get() == 1);
        CompletableFuture<Vm> vm = Background.supply(pool::acquire);
        await().atMost(LONG).until(() -> pool.stats().waiting() == 1);

        pool.close();

        assertThat(vm)
                .failsWithin(LONG)
                .withThrowableThat()
                .withCauseInstanceOf(IllegalStateException.class)
                .withMessageContaining("is closed");
    }

    @Test
    void aPoolThatIsClosedWhileAMachineIsMadeReadyEndsIt() {
        engine.mayPrepare = new Semaphore(0);
        VmPool pool = pool(source(10), 1, 1);
        await().atMost(LONG).until(() -> engine.preparing.get() == 1);
        pool.close();
        pool.close();
        engine.mayPrepare.release(1_000);
        await().atMost(LONG).until(() -> engine.prepared.get() == 1);
    }

    @Test
    void closingThePoolDoesNotWaitForAReset() {
        VmPool pool = pool(source(10), 0, 1);
        Vm vm = pool.acquire();
        engine.mayPrepare = new Semaphore(0);
        CompletableFuture<Void> reset = Background.run(vm::reset);
        await().atMost(LONG).until(() -> engine.preparing.get() == 2);

        assertThat(Background.run(pool::close)).succeedsWithin(LONG);
        assertThat(reset).isNotDone();

        engine.mayPrepare.release(1_000);
        assertThat(reset)
                .failsWithin(LONG)
                .withThrowableThat()
                .withCauseInstanceOf(IllegalStateException.class)
                .withMessageContaining("given up");
        assertThat(pool.stats().inUse()).isZero();
    }

    @Test
    void aMachineThatIsClosedDuringItsResetComesBackWhenTheResetEnds() {
        try (VmPool pool = pool(source(10), 0, 1)) {
            Vm vm = pool.acquire();
            engine.mayPrepare = new Semaphore(0);
            CompletableFuture<Void> reset = Background.run(vm::reset);
            await().atMost(LONG).until(() -> engine.preparing.get() == 2);

            assertThat(Background.run(vm::close)).succeedsWithin(LONG);
            assertThatThrownBy(() -> vm.exec("true"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("was given up");

            engine.mayPrepare.release(1_000);
            assertThat(reset).failsWithin(LONG);
            pool.acquire().close();
            assertThat(engine.mostAlive()).isOne();
            assertThat(pool.stats().inUse()).isZero();
        }
    }

    @Test
    void aResetThatFailsLeavesAHolderWhoCanCloseOrTryAgain() {
        try (VmPool pool = pool(source(10), 0, 1)) {
            Vm vm = pool.acquire();
            engine.onPrepare = number -> {
                if (number == 2) {
                    throw new EngineException("no luck");
                }
            };
            assertThatThrownBy(vm::reset).isInstanceOf(EngineException.class).hasMessage("no luck");
            assertThatThrownBy(() -> vm.exec("true"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("its last reset failed");
            assertThat(pool.stats().resets()).isZero();

            vm.reset();

            assertThat(pool.stats().resets()).isOne();
            assertThat(pool.stats().inUse()).isOne();
            vm.close();
            vm.close();
            pool.acquire().close();
        }
    }

    @Test
    void aFailureOfAnyKindGivesEverythingBack() {
        try (VmPool pool = pool(source(1), 0, 1)) {
            engine.onPrepare = number -> failTwice(number, "prepare");
            engine.onActivate = number -> failTwice(number, "activate");
            assertThatThrownBy(pool::acquire).isInstanceOf(EngineException.class);
            assertThatThrownBy(pool::acquire).isInstanceOf(AssertionError.class);
            assertThatThrownBy(pool::acquire).isInstanceOf(EngineException.class);
            assertThatThrownBy(pool::acquire).isInstanceOf(AssertionError.class);
            assertThatThrownBy(() -> pool.acquire(VmConfig.defaults().withEnv("A", "x".repeat(70_000))))
                    .isInstanceOf(IllegalArgumentException.class);
            pool.acquire().close();
            assertThat(pool.stats()).isEqualTo(new VmPool.Stats(0, 0, 0, 0, 0, 1, 1, 0));
        }
    }

    @Test
    void anErrorWhileMachinesAreMadeReadyDoesNotEndThatForEver() {
        engine.onPrepare = number -> {
            if (number == 1) {
                throw new AssertionError("out of something");
            }
        };
        try (VmPool pool = pool(source(10), 1, 2)) {
            await().atMost(LONG).until(() -> engine.prepared.get() == 1);
            pool.acquire().close();
            await().atMost(LONG).until(() -> pool.stats().idle() >= 1);
        }
    }

    @Test
    void aMachineThatIsKeptReadyHasRehearsed() {
        try (VmPool pool = pool(source(10), 1, 1)) {
            await().atMost(LONG).until(() -> pool.stats().idle() == 1);

            assertThat(engine.rehearsed).hasValue(1);
            Vm vm = pool.acquire();
            vm.reset();

            assertThat(engine.activated).hasValue(2);
            vm.close();
        }
    }

    @Test
    void whoWaitsForAMachineDoesNotWaitForItsRehearsal() {
        engine.mayPrepare = new Semaphore(0);
        try (VmPool pool = pool(source(10), 1, 1)) {
            await().atMost(LONG).until(() -> engine.preparing.get() == 1);
            CompletableFuture<Vm> vm = Background.supply(pool::acquire);
            await().atMost(LONG).until(() -> pool.stats().waiting() == 1);
            engine.mayPrepare.release(1);

            assertThat(vm).succeedsWithin(LONG);

            assertThat(engine.activated).hasValue(1);
            assertThat(engine.rehearsed).hasValue(0);
        }
    }

    @Test
    void aMachineThatFailsItsRehearsalIsGivenUp() {
        engine.onRehearse = number -> {
            if (number == 1) {
                throw new EngineException("the first does not run");
            }
        };
        try (VmPool pool = pool(source(10), 1, 2)) {
            await().atMost(LONG).until(() -> engine.rehearsed.get() == 1 && engine.alive.isEmpty());
            pool.acquire().close();

            await().atMost(LONG).until(() -> pool.stats().idle() >= 1);
            assertThat(engine.rehearsed.get()).isGreaterThanOrEqualTo(2);
        }
    }

    @Test
    void anInterruptedHolderGetsNoSecondMachine() {
        try (VmPool pool = pool(source(10), 1, 1)) {
            await().atMost(LONG).until(() -> pool.stats().idle() == 1);
            engine.mayAnswer = new CountDownLatch(1);
            AtomicReference<Thread> thread = new AtomicReference<>(Thread.currentThread());
            CompletableFuture<Boolean> outcome = Background.supply(() -> {
                thread.set(Thread.currentThread());
                try {
                    pool.acquire().close();
                    return false;
                } catch (MachineException e) {
                    return Thread.currentThread().isInterrupted();
                }
            });
            await().atMost(LONG).until(() -> engine.activated.get() == 1);
            Objects.requireNonNull(thread.get()).interrupt();

            assertThat(outcome).succeedsWithin(LONG).isEqualTo(true);

            assertThat(engine.activated).hasValue(1);
            engine.mayAnswer.countDown();
            pool.acquire().close();
        }
    }

    @Test
    void aMachineMadeReadyMeanwhileDoesNotKeepTheMemoryThatSomebodyWaitsFor() {
        engine.mayPrepare = new Semaphore(0);
        MachineSource source = source(1);
        try (VmPool pool = pool(source, 1, 1)) {
            await().atMost(LONG).until(() -> engine.preparing.get() == 1);
            AtomicReference<Thread> thread = new AtomicReference<>(Thread.currentThread());
            CompletableFuture<Vm> single = Background.supply(() -> {
                thread.set(Thread.currentThread());
                return SingleMachine.start(source, VmConfig.defaults(), LONG);
            });
            // it has asked the pools for what they hold idle, which was nothing
            await().atMost(LONG)
                    .until(() -> Objects.requireNonNull(thread.get()).getState() == Thread.State.TIMED_WAITING);
            engine.mayPrepare.release(1_000);

            assertThat(single).succeedsWithin(Duration.ofSeconds(30));
            single.join().close();
            assertThat(pool.stats().inUse()).isZero();
        }
    }

    /** Another ledger over the same directory is what another process has. */
    @Test
    void idleMachinesAreGivenUpForThoseWhoWaitInOtherProcesses() {
        try (VmPool pool = pool(source(2), 2, 2);
                MemoryLedger elsewhere = MemoryLedger.open(directory.resolve("ledger"), OptionalInt.of(ledgerMib))) {
            await().atMost(LONG).until(() -> pool.stats().idle() == 2);
            assertThatThrownBy(() -> elsewhere.book("other-0", MIB, Duration.ZERO, message -> {}))
                    .as("nobody gives up anything for those who do not wait")
                    .isInstanceOf(AcquireException.class);

            List<String> told = new ArrayList<>();
            try (Booking other = elsewhere.book("other-1", MIB, LONG, told::add)) {
                assertThat(other.mib()).isEqualTo(MIB);
                assertThat(told.get(0))
                        .startsWith("The machine 'other-1' needs 100 MiB, but of 200 MiB"
                                + " (supermachine.memory.budget.mib) 200 MiB are booked by 'fake-");
                await().atMost(LONG).until(() -> pool.stats().idle() == 0);
                try (Vm vm = pool.acquire()) {
                    assertThat(engine.alive).as("beside %s", vm).hasSize(1);
                }
            }
        }
    }

    @Test
    void manyHoldersAtOnceWithFailuresLeaveNothing() {
        Random failures = new Random(7);
        Failure fail = () -> {
            synchronized (failures) {
                if (failures.nextInt(8) == 0) {
                    throw new EngineException("chance");
                }
            }
        };
        engine.onPrepare = number -> fail.maybe();
        engine.onActivate = number -> fail.maybe();
        VmPool pool = pool(source(3), 1, 4);
        List<CompletableFuture<Void>> holders = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Random choices = new Random(i);
            holders.add(Background.run(() -> hold(pool, choices)));
        }
        holders.forEach(holder -> assertThat(holder).succeedsWithin(LONG));
        assertThat(engine.mostAlive()).isLessThanOrEqualTo(4);
        assertThat(pool.stats().inUse()).isZero();
        List<CompletableFuture<Void>> late = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Random choices = new Random(i);
            late.add(Background.run(() -> hold(pool, choices)));
        }
        pool.close();
        late.forEach(holder -> assertThat(holder).succeedsWithin(LONG));
        assertThat(pool.stats().inUse()).isZero();
    }

    private static void failTwice(int number, String what) {
        if (number == 1) {
            throw new EngineException(what);
        }
        if (number == 2) {
            throw new AssertionError(what);
        }
    }

    private interface Failure {
        void maybe();
    }

    private static void hold(VmPool pool, Random choices) {
        List<CompletableFuture<Void>> others = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            try (Vm vm = pool.acquire()) {
                if (choices.nextBoolean()) {
                    vm.reset();
                }
                if (choices.nextInt(4) == 0) {
                    others.add(Background.run(vm::close));
                }
            } catch (SupermachineException | IllegalStateException e) {
                assertThat(e).isNotInstanceOf(AcquireException.class);
            }
        }
        others.forEach(other -> assertThat(other).succeedsWithin(LONG));
    }
}
