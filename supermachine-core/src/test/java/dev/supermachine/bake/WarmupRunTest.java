package dev.supermachine.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.BakeException;
import dev.supermachine.Vm;
import dev.supermachine.Warmup;
import dev.supermachine.engine.Deadline;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WarmupRunTest {

    private static final Vm VM = (Vm) Proxy.newProxyInstance(
            Vm.class.getClassLoader(), new Class<?>[] {Vm.class}, (proxy, method, arguments) -> "the machine");

    @Test
    void itRunsOnceWithTheMachine() {
        StringBuilder seen = new StringBuilder();
        run(
                vm -> seen.append(vm.name())
                        .append(" on ")
                        .append(Thread.currentThread().getName()),
                Duration.ofMinutes(1));
        assertThat(seen).hasToString("the machine on supermachine-warmup-app");
    }

    @Test
    void whateverItThrowsIsTheCause() {
        for (Throwable thrown : List.of(new IOException("no such file"), new AssertionError("not warm"))) {
            assertThatThrownBy(() -> run(
                            vm -> {
                                if (thrown instanceof Error error) {
                                    throw error;
                                }
                                throw (Exception) thrown;
                            },
                            Duration.ofMinutes(1)))
                    .isInstanceOf(BakeException.class)
                    .hasMessage("Its warm-up failed: " + thrown)
                    .hasCause(thrown);
        }
    }

    @Test
    void oneThatDoesNotEndIsInterruptedAndShownWhereItWas() throws InterruptedException {
        CountDownLatch interrupted = new CountDownLatch(1);
        assertThatThrownBy(() -> run(
                        vm -> {
                            try {
                                new CountDownLatch(1).await();
                            } catch (InterruptedException e) {
                                interrupted.countDown();
                            }
                        },
                        Duration.ofMillis(500)))
                .isInstanceOf(BakeException.class)
                .hasMessage(
                        "Its warm-up had not ended when the bake's time of 500 ms was over. Let it do less, or allow"
                                + " more time with supermachine.bake.timeout; the cause shows where it was.")
                .cause()
                .isInstanceOf(TimeoutException.class)
                .satisfies(cause -> assertThat(cause.getStackTrace())
                        .anyMatch(frame -> frame.getClassName().equals(WarmupRunTest.class.getName())));
        assertThat(interrupted.await(50, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void whoWaitsForItMayBeInterrupted() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> run(vm -> new CountDownLatch(1).await(), Duration.ofMinutes(1)))
                .isInstanceOf(BakeException.class)
                .hasMessage("It was interrupted during its warm-up.");
        assertThat(Thread.interrupted()).isTrue();
    }

    private static void run(Warmup warmup, Duration time) {
        WarmupPlan plan = new WarmupPlan(warmup, List.of("tag", "1"), (image, name, machine, guest, use) -> {});
        new WarmupRun(plan, "app", Deadline.in(time), BakeException::new).with(VM);
    }
}
