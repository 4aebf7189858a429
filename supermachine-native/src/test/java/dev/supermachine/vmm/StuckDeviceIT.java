package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.kvm.Kvm;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A machine whose vCPU does not come back from a device. */
@Timeout(120)
class StuckDeviceIT {

    @BeforeAll
    static void needsKvm() {
        TestMachine.assumeKvm();
    }

    @Test
    void endsWhenAProcessorDoesNotPause() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        CompletableFuture<MachineEnd> end = new CompletableFuture<>();
        try (Kvm kvm = Kvm.open();
                VmCore core = VmCore.create(
                        kvm, "stuck", GuestRam.zeros(TestMachine.MEMORY), List.of(kvm.supportedCpuid()))) {
            core.memory().write(TestMachine.ENTRY, ByteBuffer.wrap(Code.of("e6 10 ; out 0x10, al")));
            core.start(new Stuck(entered, leave), new Bus(), end::complete);
            core.boot(TestMachine.ENTRY, TestMachine.START_INFO);
            core.resume();
            assertThat(entered.await(60, TimeUnit.SECONDS)).isTrue();

            core.patience(Duration.ofMillis(50));
            assertThatThrownBy(core::pause)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("The machine stuck has ended: a processor did not pause within 0.05 s;"
                            + " a device does not return");
            assertThat(end.get(60, TimeUnit.SECONDS).reason()).startsWith("a processor did not pause");
            assertThatThrownBy(core::stop).hasMessageContaining("did not stop within 0.05 s");

            core.patience(VmCore.PATIENCE);
            leave.countDown();
        } finally {
            leave.countDown();
        }
    }

    private record Stuck(CountDownLatch entered, CountDownLatch leave) implements IoRegion {

        @Override
        public long read(long offset, int size) {
            return 0;
        }

        @Override
        public void write(long offset, int size, long value) {
            entered.countDown();
            try {
                leave.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
