package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.AcquireException;
import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import dev.supermachine.testing.Background;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Pools of real machines: limits, readiness, eviction, ends. */
@Tag("smoke")
class PoolIT {

    private static final Duration LONG = Duration.ofMinutes(2);

    private final Image image = Image.builder(TestImages.reference("debian-busybox"))
            .withName("test-busybox")
            .withMemoryMib(128)
            .withCmd("sleep", "1000000")
            .build();

    @Test
    void keepsTheMinimumReadyAndCountsWhatItHas() {
        try (VmPool pool = image.pool().min(2).max(3).build()) {
            await().atMost(LONG).until(() -> pool.stats().idle() == 2);
            assertThat(pool.stats()).isEqualTo(new VmPool.Stats(2, 2, 0, 0, 2, 3, 0, 0));
            try (Vm vm = pool.acquire()) {
                assertThat(vm.exec("true").success()).isTrue();
                await().atMost(LONG).until(() -> pool.stats().alive() == 3);
                assertThat(pool.stats()).isEqualTo(new VmPool.Stats(3, 2, 1, 0, 2, 3, 1, 0));
                vm.reset();
                assertThat(pool.stats().resets()).isOne();
            }
            assertThat(pool.stats().inUse()).isZero();
        }
    }

    @Test
    void withoutAMinimumNothingIsRestoredBeforeItIsAskedFor() {
        try (VmPool pool = image.pool().min(0).max(1).build()) {
            assertThat(pool.stats().alive()).isZero();
            try (Vm vm = pool.acquire()) {
                assertThat(vm.exec("true").success()).isTrue();
            }
        }
    }

    @Test
    void whoeverComesBeyondTheMaximumWaitsUntilOneIsGivenBack() {
        try (VmPool pool = image.pool().min(0).max(1).acquireTimeout(LONG).build()) {
            Vm first = pool.acquire();
            CompletableFuture<Vm> second = Background.supply(pool::acquire);
            await().atMost(LONG).until(() -> pool.stats().waiting() == 1);
            assertThat(second).isNotDone();
            first.close();
            assertThat(second).succeedsWithin(LONG);
            second.join().close();
        }
    }

    @Test
    void whoWaitsTooLongIsToldWhoHoldsTheMachines() {
        try (VmPool pool = image.pool()
                        .min(0)
                        .max(1)
                        .acquireTimeout(Duration.ofSeconds(20))
                        .build();
                Vm vm = pool.acquire()) {
            assertThatThrownBy(pool::acquire)
                    .isInstanceOf(AcquireException.class)
                    .hasMessageContaining("all 1 of the pool are in use (" + vm.name() + ")")
                    .hasMessageContaining("raise the pool's maximum");
        }
    }

    @Test
    void machinesAboveTheMinimumAreEndedWhenNobodyWantsThem() {
        try (VmPool pool =
                image.pool().min(1).max(4).idleTimeout(Duration.ofMillis(200)).build()) {
            List<Vm> vms = Stream.generate(pool::acquire).limit(3).toList();
            vms.forEach(Vm::close);
            await().atMost(LONG)
                    .untilAsserted(() -> assertThat(pool.stats().alive()).isOne());
        }
    }

    @Test
    void aMachineThatDiedWhileItWasKeptReadyIsReplaced() {
        try (VmPool pool = image.pool().min(1).max(2).build()) {
            await().atMost(LONG).until(() -> pool.stats().idle() == 1);
            List<ProcessHandle> machines = machines();
            assertThat(machines).isNotEmpty();
            machines.forEach(ProcessHandle::destroyForcibly);
            machines.forEach(
                    machine -> machine.onExit().orTimeout(1, TimeUnit.MINUTES).join());
            try (Vm vm = pool.acquire()) {
                assertThat(vm.exec("true").success()).isTrue();
            }
        }
    }

    @Test
    void closingAPoolEndsEveryMachineOfIt() {
        VmPool pool = image.pool().min(1).max(2).build();
        Vm vm = pool.acquire();
        await().atMost(LONG).until(() -> pool.stats().idle() == 1);

        pool.close();

        await().atMost(LONG).until(() -> machines().isEmpty());
        assertThatThrownBy(() -> vm.exec("true")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(pool::acquire)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is closed");
    }

    @Test
    void nonsenseIsRefused() {
        assertThatThrownBy(() -> image.pool().min(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> image.pool().max(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> image.pool().min(3).max(2).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("3 and 2");
        try (VmPool pool = image.pool().min(0).build()) {
            assertThatThrownBy(() -> pool.acquire(VmConfig.defaults().withMemoryMib(64)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("128 MiB");
        }
    }

    /** The machines of this process: each is a child that runs QEMU. */
    private static List<ProcessHandle> machines() {
        return ProcessHandle.current()
                .descendants()
                .filter(process -> process.info().command().orElse("").contains("qemu"))
                .toList();
    }
}
