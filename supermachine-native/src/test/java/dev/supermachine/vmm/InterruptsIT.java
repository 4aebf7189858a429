package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.vmm.RecordingIo.Write;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Interrupts reach guests: from here, from their own timer, and from one vCPU to another. */
@Timeout(120)
class InterruptsIT {

    @BeforeAll
    static void needsKvm() {
        TestMachine.assumeKvm();
    }

    @Test
    void messageSignalledInterruptsArriveOneByOne() throws Exception {
        try (TestMachine machine = Interruptible.machine("""
                        e6 10           ; out 0x10, al: ready
                        fb              ; sti
                        f4              ; hlt
                        eb fd           ; jmp to hlt
                        """, 1)) {
            machine.core.resume();
            machine.ports.next();
            for (int i = 1; i <= 100; i++) {
                machine.core.signalMsi(0xFEE0_0000L, Interruptible.VECTOR);
                assertThat(machine.ports.next()).isEqualTo(new Write(0x20, 4, i));
            }
            // One that comes while the vCPU is paused is delivered when it runs on.
            machine.core.pause();
            machine.core.signalMsi(0xFEE0_0000L, Interruptible.VECTOR);
            assertThat(machine.ports.isEmpty()).isTrue();
            machine.core.resume();
            assertThat(machine.ports.next()).isEqualTo(new Write(0x20, 4, 101));
            // To a local APIC that is not there.
            machine.core.signalMsi(0xFEE7_7000L, Interruptible.VECTOR);
            machine.core.signalMsi(0xFEE0_0000L, Interruptible.VECTOR);
            assertThat(machine.ports.next()).isEqualTo(new Write(0x20, 4, 102));
        }
    }

    @Test
    void localTimerTicksWhileHalted() throws Exception {
        try (TestMachine machine = Interruptible.machine("""
                        c7 05 e0 03 e0 fe 0b 00 00 00  ; mov dword [0xfee003e0], 0xb: timer counts undivided
                        c7 05 20 03 e0 fe 40 00 02 00  ; mov dword [0xfee00320], 0x20040: periodic, vector 0x40
                        c7 05 80 03 e0 fe 80 96 98 00  ; mov dword [0xfee00380], 10000000: 10 ms
                        fb              ; sti
                        f4              ; hlt
                        eb fd           ; jmp to hlt
                        """, 1)) {
            machine.core.resume();
            for (int i = 1; i <= 20; i++) {
                assertThat(machine.ports.next()).isEqualTo(new Write(0x20, 4, i));
            }
        }
    }

    @Test
    void secondVcpuIsStartedByTheFirstAndBothRun() throws Exception {
        try (TestMachine machine = Interruptible.machine("""
                        c7 05 10 03 e0 fe 00 00 00 01  ; mov dword [0xfee00310], 1 << 24: to local APIC 1
                        c7 05 00 03 e0 fe 00 45 00 00  ; mov dword [0xfee00300], 0x4500: INIT
                        c7 05 00 03 e0 fe 08 46 00 00  ; mov dword [0xfee00300], 0x4608: start at 0x8000
                        ff 05 00 40 00 00              ; inc dword [0x4000]
                        eb f8                          ; jmp back
                        """, 2)) {
            machine.put(0x8000, Code.of("""
                            31 c0              ; xor ax, ax
                            8e d8              ; mov ds, ax
                            b0 77              ; mov al, 0x77
                            e6 30              ; out 0x30, al
                            66 ff 06 08 40     ; inc dword [0x4008]
                            eb f9              ; jmp back
                            """));
            machine.core.resume();
            assertThat(machine.ports.next()).isEqualTo(new Write(0x30, 1, 0x77));
            for (int i = 0; i < 5; i++) {
                awaitBothRunning(machine);
                machine.core.pause();
                int first = machine.core.memory().getInt(0x4000);
                int second = machine.core.memory().getInt(0x4008);
                machine.core.capture();
                assertThat(machine.core.memory().getInt(0x4000)).isEqualTo(first);
                assertThat(machine.core.memory().getInt(0x4008)).isEqualTo(second);
                machine.core.resume();
            }
        }
    }

    private static void awaitBothRunning(TestMachine machine) {
        int first = machine.core.memory().getInt(0x4000);
        int second = machine.core.memory().getInt(0x4008);
        await().until(() -> machine.core.memory().getInt(0x4000) != first
                && machine.core.memory().getInt(0x4008) != second);
    }
}
