package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.kvm.KvmLayout.KvmRegs;
import dev.supermachine.kvm.VcpuStruct;
import dev.supermachine.vmm.RecordingIo.Write;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A vCPU is got out of whatever its guest does, and goes on as if nothing had been. */
@Timeout(600)
class VcpuPauseIT {

    private static final int PAUSES = Integer.getInteger("supermachine.test.pauses", 1000);

    /** A counter in memory, for ever. */
    private static final String COUNTING = """
            ff 05 00 50 00 00  ; inc dword [0x5000]
            eb f8              ; jmp back
            """;

    @BeforeAll
    static void needsKvm() {
        TestMachine.assumeKvm();
    }

    @Test
    void spinningGuestPausesAndGoesOn() {
        try (TestMachine machine = TestMachine.running(COUNTING)) {
            for (int i = 0; i < 10; i++) {
                awaitCountingFrom(machine, count(machine));
                machine.core.pause();
                int paused = count(machine);
                // It does not run: what it would do in the time of another pause it does not do.
                machine.core.capture();
                assertThat(count(machine)).isEqualTo(paused);
                machine.core.resume();
                awaitCountingFrom(machine, paused);
            }
        }
    }

    @Test
    void haltedGuestPausesAndStaysHalted() throws Exception {
        try (TestMachine machine = TestMachine.running("""
                e6 10  ; out 0x10, al
                f4     ; hlt
                e6 11  ; out 0x11, al
                """)) {
            machine.ports.next();
            await().atMost(Duration.ofMinutes(1)).pollDelay(Duration.ZERO).until(() -> isHaltedWhenPaused(machine));
            for (int i = 0; i < 10; i++) {
                assertThat(isHaltedWhenPaused(machine)).isTrue();
            }
            assertThat(machine.ports.isEmpty()).isTrue();
        }
    }

    private static boolean isHaltedWhenPaused(TestMachine machine) {
        machine.core.pause();
        // KVM_MP_STATE_HALTED
        boolean halted = machine.core.capture().vcpus().get(0).part(VcpuStruct.MP_STATE)[0] == 3;
        machine.core.resume();
        return halted;
    }

    @Test
    void noInstructionIsHalfDoneWhenPaused() throws Exception {
        // Wherever it is paused, EIP is at an instruction whose predecessor has been done in full.
        try (TestMachine machine = TestMachine.booting("""
                31 c0           ; xor eax, eax
                e4 20           ; in al, 0x20
                e6 30           ; out 0x30, al
                eb fa           ; jmp to the in
                """)) {
            machine.ports.answer(0x20, 0x77);
            machine.core.resume();
            for (int i = 0; i < 50; i++) {
                assertThat(machine.ports.next()).isEqualTo(new Write(0x30, 1, 0x77));
                machine.core.pause();
                VcpuState state = machine.core.capture().vcpus().get(0);
                ByteBuffer registers =
                        ByteBuffer.wrap(state.part(VcpuStruct.REGS)).order(ByteOrder.LITTLE_ENDIAN);
                long ip = registers.getLong(KvmRegs.RIP) - TestMachine.ENTRY;
                assertThat(ip).isIn(2L, 4L, 6L);
                if (ip == 4) {
                    assertThat(registers.getLong(KvmRegs.RAX)).isEqualTo(0x77);
                }
                machine.core.resume();
            }
        }
    }

    @Test
    void accessThatTheDeviceAnswersWhilePausingIsAnswered() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch answer = new CountDownLatch(1);
        IoRegion slow = new IoRegion() {
            @Override
            public long read(long offset, int size) {
                asked.countDown();
                try {
                    assertThat(answer.await(60, TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                return 0x55;
            }

            @Override
            public void write(long offset, int size, long value) {
                throw new AssertionError("nothing is written");
            }
        };
        try (TestMachine machine = TestMachine.booting("""
                e4 20           ; in al, 0x20
                f4              ; hlt
                """, slow)) {
            machine.core.resume();
            assertThat(asked.await(60, TimeUnit.SECONDS)).isTrue();
            Thread pausing = new Thread(machine.core::pause);
            pausing.start();
            await().until(() -> pausing.getState() == Thread.State.TIMED_WAITING);
            answer.countDown();
            pausing.join();
            VcpuState state = machine.core.capture().vcpus().get(0);
            ByteBuffer registers = ByteBuffer.wrap(state.part(VcpuStruct.REGS)).order(ByteOrder.LITTLE_ENDIAN);
            assertThat(registers.get(KvmRegs.RAX)).isEqualTo((byte) 0x55);
            assertThat(registers.getLong(KvmRegs.RIP)).isGreaterThanOrEqualTo(TestMachine.ENTRY + 2);
        }
    }

    @Test
    void pausesAtAnyInstantNeverMissAndLoseNothing() throws Exception {
        long seed = Long.getLong("supermachine.test.seed", System.nanoTime());
        Random random = new Random(seed);
        // Spins for a while, then writes a port with numbers that follow each other.
        try (TestMachine machine = TestMachine.running("""
                31 c0           ; xor eax, eax
                31 c9           ; xor ecx, ecx
                b1 08           ; mov cl, 8
                e2 fe           ; loop to itself
                40              ; inc eax
                e7 10           ; out 0x10, eax
                eb f7           ; jmp to mov cl
                """)) {
            int expected = 1;
            for (int i = 0; i < PAUSES; i++) {
                for (int spin = random.nextInt(2000); spin > 0; spin--) {
                    Thread.onSpinWait();
                }
                machine.core.pause();
                while (!machine.ports.isEmpty()) {
                    assertThat(machine.ports.next())
                            .as("seed %s, pause %s", seed, i)
                            .isEqualTo(new Write(0x10, 4, expected++));
                }
                machine.core.resume();
            }
            assertThat(machine.ports.next()).isEqualTo(new Write(0x10, 4, expected));
        }
    }

    @Test
    void interruptOfTheThreadThatPausesIsKept() {
        try (TestMachine machine = TestMachine.running(COUNTING)) {
            Thread.currentThread().interrupt();
            machine.core.pause();
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void spinningGuestDoesNotKeepTheCollectorWaiting() {
        try (TestMachine machine = TestMachine.running(COUNTING)) {
            awaitCountingFrom(machine, 0);
            for (int i = 0; i < 5; i++) {
                // Would last for ever if the collector waited for the guest.
                System.gc();
            }
            awaitCountingFrom(machine, count(machine));
        }
    }

    private static int count(TestMachine machine) {
        return machine.core.memory().getInt(0x5000);
    }

    private static void awaitCountingFrom(TestMachine machine, int count) {
        await().atMost(Duration.ofMinutes(1)).pollDelay(Duration.ZERO).until(() -> count(machine) != count);
    }
}
