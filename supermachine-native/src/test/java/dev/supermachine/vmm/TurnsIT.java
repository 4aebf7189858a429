package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A device that has left something undone when the guest's access returns. */
@Timeout(120)
class TurnsIT {

    /** Writes to a device's register, then to a port, and again. */
    private static final String CODE = """
            b0 01           ; again: mov al, 1
            a2 00 00 00 d0  ; mov [0xd0000000], al
            e6 10           ; out 0x10, al
            eb f5           ; jmp again
            """;

    @BeforeAll
    static void needsKvm() {
        TestMachine.assumeKvm();
    }

    @Test
    void theGuestRunsOnWhenAllIsDoneAndThePauseComesInBetween() throws Exception {
        EndlessWork work = new EndlessWork();
        try (TestMachine machine = TestMachine.booting(CODE, new RecordingIo(), work)) {
            machine.core.resume();
            assertThat(work.turns.tryAcquire(1000, 60, TimeUnit.SECONDS)).isTrue();

            machine.core.pause(); // though there is always more
            work.turns.drainPermits();
            assertThat(work.turns.availablePermits()).as("turns while paused").isZero();
            assertThat(work.writes.availablePermits()).as("the guest waits").isEqualTo(1);

            machine.core.resume();
            assertThat(work.turns.tryAcquire(1000, 60, TimeUnit.SECONDS))
                    .as("it goes on")
                    .isTrue();
            work.endless = false;
            assertThat(work.writes.tryAcquire(100, 60, TimeUnit.SECONDS))
                    .as("so does the guest")
                    .isTrue();
        }
    }

    @Test
    void aMachineCanBeClosedInBetween() throws Exception {
        EndlessWork work = new EndlessWork();
        try (TestMachine machine = TestMachine.booting(CODE, new RecordingIo(), work)) {
            machine.core.resume();
            assertThat(work.turns.tryAcquire(1000, 60, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(work.endless).isTrue();
    }

    @Test
    void aTurnThatFailsEndsTheMachine() throws Exception {
        EndlessWork work = new EndlessWork();
        work.failure.set(new IllegalStateException("broken on purpose"));
        try (TestMachine machine = TestMachine.booting(CODE, new RecordingIo(), work)) {
            machine.core.resume();
            assertThat(machine.end().reason())
                    .isEqualTo("a device failed, java.lang.IllegalStateException: broken on purpose");
        }
    }

    private static final class EndlessWork implements IoRegion {

        final Semaphore turns = new Semaphore(0);
        final Semaphore writes = new Semaphore(0);
        final AtomicReference<RuntimeException> failure = new AtomicReference<>();
        volatile boolean endless = true;
        private volatile boolean begun;

        @Override
        public long read(long offset, int size) {
            return 0;
        }

        @Override
        public void write(long offset, int size, long value) {
            begun = true;
            writes.release();
        }

        @Override
        public boolean turn() {
            RuntimeException toThrow = failure.get();
            if (begun && toThrow != null) {
                throw toThrow;
            }
            turns.release();
            return begun && endless;
        }
    }
}
