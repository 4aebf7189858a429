package dev.supermachine.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.AcquireException;
import dev.supermachine.EngineException;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A restore that takes longer than its VmConfig allows. The fixture sees to it that nothing is left of any machine. */
@Timeout(120)
class RestoreTimeoutTest extends PoolFixture {

    private static final VmConfig SHORT = VmConfig.defaults().withRestoreTimeout(Duration.ofMillis(50));
    private static final VmConfig LONG_ENOUGH = VmConfig.defaults().withRestoreTimeout(LONG);

    RestoreTimeoutTest() {
        super(new FakeEngine());
    }

    @Test
    void aGuestThatDoesNotResumeIsEndedAndItsPlaceIsFree() {
        try (VmPool pool = pool(source(1), 0, 1)) {
            engine.mayAnswer = new CountDownLatch(1);
            assertThatThrownBy(() -> pool.acquire(SHORT))
                    .isInstanceOf(AcquireException.class)
                    .hasMessageMatching("(?s)The machine 'fake-\\d+' was not restored within 50 ms, the limit that its"
                            + " VmConfig\\.withRestoreTimeout\\(\\) sets: it had yet to resume its guest\\. It was ended,"
                            + " and its memory is given back\\. Raise the limit if this host is only slow\\.\n"
                            + "The guest's console is empty\\.");
            await().atMost(LONG).untilAsserted(() -> assertThat(engine.alive).isEmpty());

            engine.mayAnswer = new CountDownLatch(0);
            pool.acquire(LONG_ENOUGH).close();
            assertThat(pool.stats().acquired()).isOne();
        }
    }

    @Test
    void anEngineThatDoesNotComeBackLetsItsCallerGo() {
        engine.mayPrepare = new Semaphore(0);
        assertThatThrownBy(() -> SingleMachine.start(source(1), SHORT, LONG))
                .isInstanceOf(AcquireException.class)
                .hasMessageContaining("it had yet to prepare it. It was ended");
    }

    @Test
    void whatTheEngineBringsTooLateIsEnded() {
        CountDownLatch mayActivate = new CountDownLatch(1);
        engine.onActivate = number -> awaitStubbornly(mayActivate);
        assertThatThrownBy(() -> SingleMachine.start(source(1), SHORT, LONG))
                .isInstanceOf(AcquireException.class)
                .hasMessageContaining("it had yet to bring it to life");
        assertThat(engine.alive).hasSize(1);
        mayActivate.countDown();
        await().atMost(LONG).untilAsserted(() -> assertThat(engine.alive).isEmpty());
    }

    @Test
    void aResetIsLimitedToo() {
        try (VmPool pool = pool(source(2), 0, 1);
                Vm vm = pool.acquire(VmConfig.defaults().withRestoreTimeout(Duration.ofSeconds(5)))) {
            engine.mayAnswer = new CountDownLatch(1);
            assertThatThrownBy(vm::reset)
                    .isInstanceOf(AcquireException.class)
                    .hasMessageContaining("was not restored within 5000 ms");
            engine.mayAnswer = new CountDownLatch(0);
            vm.reset();
            assertThat(pool.stats().inUse()).isOne();
        }
    }

    @Test
    void whatFailsWithinTheLimitFailsAsWithoutOne() {
        engine.onActivate = number -> {
            throw new EngineException("no");
        };
        assertThatThrownBy(() -> SingleMachine.start(source(1), LONG_ENOUGH, LONG))
                .isInstanceOf(EngineException.class)
                .hasMessage("no");
    }

    @Test
    void whoIsInterruptedIsLetGo() {
        engine.mayAnswer = new CountDownLatch(1);
        CompletableFuture<Boolean> stayed = new CompletableFuture<>();
        MachineSource source = source(1);
        Thread thread = new Thread(() -> {
            try {
                SingleMachine.start(source, LONG_ENOUGH, LONG);
            } catch (AcquireException e) {
                stayed.complete(Thread.currentThread().isInterrupted()
                        && String.valueOf(e.getMessage()).startsWith("Interrupted"));
            }
        });
        thread.start();
        await().atMost(LONG).until(() -> engine.activated.get() == 1);
        thread.interrupt();
        assertThat(stayed).succeedsWithin(LONG).isEqualTo(true);
    }

    /** As an engine does that cannot be interrupted. */
    private static void awaitStubbornly(CountDownLatch latch) {
        boolean interrupted = false;
        while (true) {
            try {
                latch.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
