package dev.supermachine.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.supermachine.AcquireException;
import dev.supermachine.EngineException;
import dev.supermachine.ExecResult;
import dev.supermachine.Image;
import dev.supermachine.MachineException;
import dev.supermachine.SupermachineException;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import dev.supermachine.engine.Activation;
import dev.supermachine.pool.MachineSource.LiveMachine;
import dev.supermachine.pool.MachineSource.Spare;
import dev.supermachine.testing.Background;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** How machines go from holder to holder, and back to their snapshot, on an engine that resets them in place. */
@Timeout(120)
class ResetInPlaceTest extends PoolFixture {

    ResetInPlaceTest() {
        super(new FakeEngine(true));
    }

    @Test
    void theNextHolderHasTheSameMachineBroughtBackToItsSnapshot() {
        try (VmPool pool = pool(source(1), 0, 1)) {
            Vm first = pool.acquire(VmConfig.defaults().withHostName("one").withEnv("A", "1"));
            Activation before = activation();
            first.close();
            assertThat(pool.stats()).isEqualTo(new VmPool.Stats(1, 1, 0, 0, 0, 1, 1, 0));
            Vm second = pool.acquire(VmConfig.defaults().withEnv("B", "2"));

            assertThat(engine.events).containsExactly("prepared 1", "activated 1", "rewound 1", "activated 1");
            assertThat(second.name()).isEqualTo(first.name());
            assertThat(activation().environment()).isEqualTo(Map.of("B", "2"));
            assertThat(activation().hostName()).isEqualTo(first.name());
            assertThat(activation().entropy()).isNotEqualTo(before.entropy());
            await().atMost(LONG)
                    .untilAsserted(
                            () -> assertThat(machine(1).agent().heard()).containsExactly("RESUME", "START", "OPEN"));
            assertThatThrownBy(() -> first.exec("true"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("was given up");
            second.close();
        }
    }

    @Test
    void aResetKeepsMachineNameAndPorts() {
        try (VmPool pool = pool(source(1), 0, 1);
                Vm vm = pool.acquire()) {
            String name = vm.name();
            int port = vm.mappedPort(80);

            vm.reset();
            vm.reset();

            assertThat(engine.events)
                    .containsExactly(
                            "prepared 1", "activated 1", "rewound 1", "activated 1", "rewound 1", "activated 1");
            assertThat(vm.name()).isEqualTo(name);
            assertThat(vm.mappedPort(80)).isEqualTo(port);
            assertThat(pool.stats()).isEqualTo(new VmPool.Stats(1, 0, 1, 0, 0, 1, 1, 2));
        }
    }

    @Test
    void aSingleMachineIsResetInPlaceAndEndedByItsHolder() {
        try (Vm vm = SingleMachine.start(source(1), VmConfig.defaults(), LONG)) {
            vm.reset();
        }
        assertThat(engine.events).containsExactly("prepared 1", "activated 1", "rewound 1", "activated 1", "ended 1");
    }

    @Test
    void whatIsOpenWhenAResetBeginsFails() {
        try (VmPool pool = pool(source(1), 0, 1);
                Vm vm = pool.acquire()) {
            CompletableFuture<ExecResult> command = openCommand(vm);
            CountDownLatch mayRewind = new CountDownLatch(1);
            engine.onRewind = number -> pass(mayRewind);
            CompletableFuture<Void> reset = Background.run(vm::reset);
            await().atMost(LONG).until(() -> engine.rewound.get() == 1);

            assertFails(command, "Machine '" + vm.name() + "': it was reset; what was open before is gone");
            assertThat(reset).isNotDone();
            assertThatThrownBy(() -> vm.exec("true"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("is being reset");
            mayRewind.countDown();
            assertThat(reset).succeedsWithin(LONG);
        }
    }

    @Test
    void whatIsOpenWhenAMachineIsGivenUpFails() {
        try (VmPool pool = pool(source(1), 0, 1)) {
            Vm vm = pool.acquire();
            CompletableFuture<ExecResult> command = openCommand(vm);

            vm.close();

            assertFails(
                    command,
                    "Machine '" + vm.name() + "': it was given up: its holder has closed it, or its pool was closed");
            assertThat(engine.rewound).hasValue(1);
        }
    }

    @Test
    void aResetThatFailsTakesAnotherMachineAndSaysWhyOnce() {
        engine.onRewind = number -> {
            throw new EngineException("the vCPU does not stop");
        };
        List<String> log = logged(() -> {
            try (VmPool pool = pool(source(2), 0, 1);
                    Vm vm = pool.acquire()) {
                int port = vm.mappedPort(80);
                String name = vm.name();
                vm.reset();
                vm.reset();

                assertThat(vm.mappedPort(80)).isEqualTo(port);
                assertThat(vm.name()).isEqualTo(name);
                assertThat(pool.stats().resets()).isEqualTo(2);
            }
        });

        assertThat(engine.events)
                .startsWith(
                        "prepared 1",
                        "activated 1",
                        "ended 1",
                        "prepared 2",
                        "activated 2",
                        "ended 2",
                        "prepared 3",
                        "activated 3");
        assertThat(log.get(0))
                .matches("WARN The machine 'fake-\\d+' could not be reset in place\\. .*"
                        + " The reason: the vCPU does not stop");
        assertThat(log.subList(1, log.size()))
                .allMatch(line -> line.startsWith("DEBUG ") && line.endsWith("ended: the vCPU does not stop"));
    }

    @Test
    void aResetWhoseMachineDoesNotRunTakesAnother() {
        engine.onActivate = number -> {
            if (number == 2) {
                throw new EngineException("it does not run");
            }
        };
        List<String> log = logged(() -> {
            try (VmPool pool = pool(source(1), 0, 1);
                    Vm vm = pool.acquire()) {
                vm.reset();
                assertThat(pool.stats().resets()).isOne();
                assertThat(pool.stats().inUse()).isOne();
            }
        });
        assertThat(engine.events)
                .startsWith("prepared 1", "activated 1", "rewound 1", "ended 1", "prepared 2", "activated 2");
        assertThat(log).singleElement().asString().startsWith("WARN ").endsWith("it does not run");
    }

    @Test
    void aMachineThatCannotBeTakenBackIsReplaced() {
        engine.onRewind = number -> {
            if (number == 1) {
                throw new EngineException("no way back");
            }
        };
        try (VmPool pool = pool(source(1), 0, 1)) {
            pool.acquire().close();
            await().atMost(LONG).until(() -> pool.stats().idle() == 1);
            pool.acquire().close();
            assertThat(engine.events)
                    .containsExactly("prepared 1", "activated 1", "ended 1", "prepared 2", "activated 2", "rewound 2");
        }
    }

    @Test
    void anErrorOnTheWayBackGivesThePlaceFree() {
        engine.onRewind = number -> {
            throw new AssertionError("a bug");
        };
        try (VmPool pool = pool(source(1), 0, 1)) {
            Vm vm = pool.acquire();
            assertThatThrownBy(vm::close).isInstanceOf(AssertionError.class).hasMessage("a bug");
            assertThat(pool.stats().inUse()).isZero();
            Vm next = pool.acquire();
            assertThatThrownBy(next::reset).isInstanceOf(AssertionError.class);
            next.close();
        }
    }

    @Test
    void aMachineThatHasEndedIsNotBroughtBack() {
        try (VmPool pool = pool(source(2), 0, 1)) {
            Vm vm = pool.acquire();
            machine(1).end();
            vm.reset();
            assertThat(engine.events)
                    .containsExactly("prepared 1", "activated 1", "ended 1", "prepared 2", "activated 2");

            machine(2).end();
            vm.close();
            assertThat(engine.rewound).hasValue(0);
            pool.acquire().close();
        }
    }

    @Test
    void aMachineWhoseAgentHasFailedIsNotBroughtBack() {
        try (VmPool pool = pool(source(2), 0, 1)) {
            Vm vm = pool.acquire();
            machine(1).agent().hangUp();
            assertThatThrownBy(() -> vm.exec("true")).isInstanceOf(MachineException.class);

            vm.close();

            assertThat(engine.rewound).hasValue(0);
            assertThat(engine.events).startsWith("prepared 1", "activated 1", "ended 1");
        }
    }

    @Test
    void aMachineThatIsKeptIsNotBroughtBack() {
        engine.traces = directory;
        MachineSource source = source(1);
        List<Boolean> givenBack = new ArrayList<>();
        LiveMachine machine = source.activate(source.prepare(LONG), VmConfig.defaults());
        MachineOwner owner = new MachineOwner() {
            @Override
            public LiveMachine replace(@Nullable LiveMachine old, VmConfig config) {
                throw new AssertionError("a kept machine is not reset");
            }

            @Override
            public Image snapshot(LiveMachine of, Path where) {
                throw new AssertionError("nobody takes a snapshot");
            }

            @Override
            public void released(LeasedVm vm, @Nullable LiveMachine given) {
                givenBack.add(given != null);
            }
        };
        LeasedVm vm = new LeasedVm(owner, source.image(), VmConfig.defaults(), machine);
        vm.keep();

        assertThatThrownBy(vm::reset).isInstanceOf(IllegalStateException.class);
        vm.close();

        assertThat(givenBack).containsExactly(false);
        assertThat(engine.events).containsExactly("prepared 1", "activated 1");
        machine.close();
    }

    @Test
    void nothingRehearses() {
        try (VmPool pool = pool(source(2), 1, 2)) {
            await().atMost(LONG).until(() -> pool.stats().idle() == 1);
            Vm vm = pool.acquire();
            await().atMost(LONG).until(() -> pool.stats().idle() == 1);
            vm.close();
            assertThat(pool.stats().idle()).isEqualTo(2);
            assertThat(engine.rehearsed).hasValue(0);
        }
    }

    @Test
    void aMachineGivenBackKeepsItsMemoryAndItsSnapshotUntilItsIdleTimeIsOver() {
        MachineSource source = source(1);
        try (VmPool pool = pool(source, 0, 1);
                MemoryLedger elsewhere = MemoryLedger.open(directory.resolve("ledger"), OptionalInt.of(ledgerMib))) {
            pool.acquire().close();
            assertThatThrownBy(() -> elsewhere.book("other", MIB, Duration.ZERO, message -> {}))
                    .isInstanceOf(AcquireException.class);
            assertThat(pruned()).isEmpty();
        }
        engine.events.clear();
        try (VmPool pool = new PoolBuilder(source, LONG)
                .min(0)
                .max(1)
                .idleTimeout(Duration.ofMillis(1))
                .build()) {
            pool.acquire().close();
            await().atMost(LONG).until(() -> pool.stats().idle() == 0);
            assertThat(engine.events).startsWith("prepared 2", "activated 2", "rewound 2");
        }
    }

    @Test
    void aMachineGivenBackIsGivenUpForWhoeverWaitsForMemory() {
        MachineSource source = source(1);
        try (VmPool pool = pool(source, 0, 1)) {
            pool.acquire().close();
            SingleMachine.start(source, VmConfig.defaults(), LONG).close();
            assertThat(engine.events)
                    .containsExactly(
                            "prepared 1",
                            "activated 1",
                            "rewound 1",
                            "ended 1",
                            "prepared 2",
                            "activated 2",
                            "ended 2");
        }
    }

    @Test
    void aMachineIsNotBroughtBackWhileSomebodyWaitsForMemory() {
        MachineSource source = source(1);
        try (VmPool pool = pool(source, 0, 1)) {
            Vm vm = pool.acquire();
            CompletableFuture<Vm> single =
                    Background.supply(() -> SingleMachine.start(source, VmConfig.defaults(), LONG));
            await().atMost(LONG).until(MachineMemory::isAwaited);

            vm.close();

            assertThat(single).succeedsWithin(LONG);
            single.join().close();
            assertThat(engine.rewound).hasValue(0);
        }
    }

    @Test
    void whoWaitsForAMachineInTheMakingTakesOneThatIsGivenBackBefore() {
        engine.mayPrepare = new Semaphore(1);
        // an acquire that waits for the one in the making waits longer than this test does
        try (VmPool pool =
                new PoolBuilder(source(2), LONG.multipliedBy(10)).min(1).max(2).build()) {
            await().atMost(LONG).until(() -> pool.stats().idle() == 1);
            Vm first = pool.acquire();
            await().atMost(LONG).until(() -> engine.preparing.get() == 2);
            CompletableFuture<Vm> second = Background.supply(pool::acquire);
            await().atMost(LONG).until(() -> pool.stats().waiting() == 1);

            first.close();

            assertThat(second).succeedsWithin(LONG);
            assertThat(engine.prepared).hasValue(1);
            assertThat(pool.stats().waiting()).isZero();
            engine.mayPrepare.release(1_000);
            await().atMost(LONG).until(() -> pool.stats().idle() == 1);
            second.join().close();
            assertThat(pool.stats().alive()).isEqualTo(2);
        }
    }

    @Test
    void aMachineGivenBackIsNotOneTooManyBesideOneThatIsJustBeingTaken() {
        Spares spares = new Spares(source(2), 1, 2, LONG, System::nanoTime);
        spares.begin();
        await().atMost(LONG).until(() -> spares.ready() == 1);
        Spare first = Objects.requireNonNull(spares.holderComes());
        spares.refill();
        await().atMost(LONG).until(() -> spares.ready() == 1);

        Spare second = spares.holderComes();

        assertThat(second).isNotNull();
        assertThat(spares.holderLeaves(first)).as("what is to be ended").isNull();
        assertThat(spares.ready()).isOne();
        assertThat(spares.holderLeaves(second)).isNull();
        assertThat(spares.close()).containsExactly(first, second).allSatisfy(Spare::close);
    }

    @Test
    void aMachineOnItsWayBackWhenItsPoolIsClosedIsEnded() {
        CountDownLatch mayRewind = new CountDownLatch(1);
        engine.onRewind = number -> pass(mayRewind);
        VmPool pool = pool(source(3), 0, 3);
        Vm given = pool.acquire();
        Vm reset = pool.acquire();
        Vm inUse = pool.acquire();
        CompletableFuture<Void> giving = Background.run(given::close);
        CompletableFuture<Void> resetting = Background.run(reset::reset);
        await().atMost(LONG).until(() -> engine.rewound.get() == 2);

        assertThat(Background.run(pool::close)).succeedsWithin(LONG);

        assertThat(giving).isNotDone();
        assertThat(resetting).isNotDone();
        mayRewind.countDown();
        assertThat(giving).succeedsWithin(LONG);
        assertThat(resetting)
                .failsWithin(LONG)
                .withThrowableThat()
                .withCauseInstanceOf(IllegalStateException.class)
                .withMessageContaining("given up");
        assertThatThrownBy(() -> inUse.exec("true")).isInstanceOf(IllegalStateException.class);
        assertThat(engine.rewound)
                .as("what was in use when the pool was closed is not brought back")
                .hasValue(2);
        assertThat(pool.stats().inUse()).isZero();
    }

    @Test
    void aMachineThatIsGivenUpDuringItsResetIsTakenBackWhenTheResetEnds() {
        CountDownLatch mayRewind = new CountDownLatch(1);
        engine.onRewind = number -> pass(mayRewind);
        try (VmPool pool = pool(source(1), 0, 1)) {
            Vm vm = pool.acquire();
            CompletableFuture<Void> reset = Background.run(vm::reset);
            await().atMost(LONG).until(() -> engine.rewound.get() == 1);
            vm.close();
            mayRewind.countDown();
            assertThat(reset).failsWithin(LONG);

            pool.acquire().close();

            assertThat(engine.prepared).hasValue(1);
            assertThat(pool.stats().inUse()).isZero();
        }
    }

    @Test
    void manyHoldersTakeTurnsOnThreeMachines() {
        try (VmPool pool = pool(source(10), 1, 3)) {
            List<CompletableFuture<Integer>> holders = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Random choices = new Random(i);
                holders.add(Background.supply(() -> hold(pool, choices)));
            }
            int resets = 0;
            for (CompletableFuture<Integer> holder : holders) {
                assertThat(holder).succeedsWithin(LONG);
                resets += holder.join();
            }

            assertThat(engine.prepared.get())
                    .as("machines for 8 times 100 holders")
                    .isBetween(1, 3);
            assertThat(engine.mostAlive()).isLessThanOrEqualTo(3);
            assertThat(engine.events).noneMatch(event -> event.startsWith("ended"));
            assertThat(pool.stats().acquired()).isEqualTo(800);
            assertThat(pool.stats().resets()).isEqualTo(resets);
            assertThat(engine.activated).hasValue(800 + resets);
            assertThat(engine.rewound).hasValue(800 + resets);
            List<Vm> all = List.of(pool.acquire(), pool.acquire(), pool.acquire());
            assertThat(pool.stats().alive()).isEqualTo(3);
            all.forEach(Vm::close);
        }
    }

    private static int hold(VmPool pool, Random choices) {
        int resets = 0;
        for (int i = 0; i < 100; i++) {
            try (Vm vm = pool.acquire()) {
                if (choices.nextInt(4) == 0) {
                    vm.reset();
                    resets++;
                }
            }
        }
        return resets;
    }

    @Test
    void manyHoldersAtOnceWithFailuresLeaveNothing() {
        Random failures = new Random(11);
        Runnable chance = () -> {
            synchronized (failures) {
                if (failures.nextInt(8) == 0) {
                    throw new EngineException("chance");
                }
            }
        };
        engine.onPrepare = number -> chance.run();
        engine.onActivate = number -> chance.run();
        engine.onRewind = number -> chance.run();
        VmPool pool = pool(source(2), 1, 3);
        List<CompletableFuture<Void>> holders = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Random choices = new Random(i);
            holders.add(Background.run(() -> holdCarelessly(pool, choices)));
        }
        await().atMost(LONG).until(() -> pool.stats().acquired() > 100);
        pool.close();
        holders.forEach(holder -> assertThat(holder).succeedsWithin(LONG));
        assertThat(pool.stats().inUse()).isZero();
    }

    /** Until the pool is closed. */
    private static void holdCarelessly(VmPool pool, Random choices) {
        List<CompletableFuture<Void>> others = new ArrayList<>();
        boolean open = true;
        while (open) {
            try (Vm vm = pool.acquire()) {
                if (choices.nextBoolean()) {
                    vm.reset();
                }
                if (choices.nextInt(4) == 0) {
                    others.add(Background.run(vm::close));
                }
            } catch (SupermachineException e) {
                assertThat(e).isNotInstanceOf(AcquireException.class);
            } catch (IllegalStateException e) {
                open = !String.valueOf(e.getMessage()).endsWith("is closed.");
            }
        }
        others.forEach(other -> assertThat(other).succeedsWithin(LONG));
    }

    private FakeEngine.FakeMachine machine(int number) {
        return engine.machines.get(number - 1);
    }

    private Activation activation() {
        return Objects.requireNonNull(machine(1).activation);
    }

    /** A command that never ends, once its agent knows of it. */
    private CompletableFuture<ExecResult> openCommand(Vm vm) {
        CompletableFuture<ExecResult> command = Background.supply(() -> vm.exec("sleep"));
        // the other one follows the workload's output
        await().atMost(LONG)
                .until(() -> machine(1).agent().heard().stream()
                                .filter("OPEN"::equals)
                                .count()
                        == 2);
        return command;
    }

    private static void assertFails(CompletableFuture<?> future, String message) {
        assertThat(future)
                .failsWithin(LONG)
                .withThrowableThat()
                .havingCause()
                .isInstanceOf(MachineException.class)
                .withMessage(message);
    }

    private static void pass(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What is logged of machines meanwhile, each with its level. */
    private static List<String> logged(Runnable action) {
        Logger logger = (Logger) LoggerFactory.getLogger(MachineSource.class);
        ListAppender<ILoggingEvent> events = new ListAppender<>();
        events.start();
        Level before = logger.getLevel();
        logger.setLevel(Level.DEBUG);
        logger.addAppender(events);
        try {
            action.run();
        } finally {
            logger.detachAppender(events);
            logger.setLevel(before);
        }
        return events.list.stream()
                .map(event -> event.getLevel() + " " + event.getFormattedMessage())
                .toList();
    }
}
