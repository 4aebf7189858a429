package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.kvm.Kvm;
import dev.supermachine.vmm.RecordingIo.Write;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Guests of a few instructions on the host's KVM: their I/O, and how they end. */
@Timeout(120)
class VmCoreIT {

    @BeforeAll
    static void needsKvm() {
        TestMachine.assumeKvm();
    }

    @Test
    void beginsWithTheRegistersOfThePvhProtocol() throws Exception {
        try (TestMachine machine = TestMachine.running("""
                89 d8           ; mov eax, ebx
                e7 10           ; out 0x10, eax
                0f 20 c0        ; mov eax, cr0
                e7 11           ; out 0x11, eax
                0f 20 e0        ; mov eax, cr4
                e7 12           ; out 0x12, eax
                66 8c c8        ; mov ax, cs
                66 e7 13        ; out 0x13, ax
                66 8c d0        ; mov ax, ss
                66 e7 14        ; out 0x14, ax
                f4              ; hlt
                """)) {
            assertThat(machine.ports.next()).isEqualTo(new Write(0x10, 4, TestMachine.START_INFO));
            assertThat(machine.ports.next()).isEqualTo(new Write(0x11, 4, 0x11));
            assertThat(machine.ports.next()).isEqualTo(new Write(0x12, 4, 0));
            assertThat(machine.ports.next()).isEqualTo(new Write(0x13, 2, 0x08));
            assertThat(machine.ports.next()).isEqualTo(new Write(0x14, 2, 0x10));
        }
    }

    @Test
    void readsAndWritesPortsOfAllSizes() throws Exception {
        try (TestMachine machine = TestMachine.booting("""
                e4 20           ; in al, 0x20
                e6 30           ; out 0x30, al
                66 e5 21        ; in ax, 0x21
                66 e7 31        ; out 0x31, ax
                e5 22           ; in eax, 0x22
                e7 32           ; out 0x32, eax
                ba f8 ff 00 00  ; mov edx, 0xfff8
                ed              ; in eax, dx
                ef              ; out dx, eax
                f4              ; hlt
                """)) {
            machine.ports
                    .answer(0x20, 0x1234567890L)
                    .answer(0x21, 0xFEDC)
                    .answer(0x22, 0x8765_4321L)
                    .answer(0xFFF8, 0xCAFE_BABEL);
            machine.core.resume();
            assertThat(machine.ports.next()).isEqualTo(new Write(0x30, 1, 0x90));
            assertThat(machine.ports.next()).isEqualTo(new Write(0x31, 2, 0xFEDC));
            assertThat(machine.ports.next()).isEqualTo(new Write(0x32, 4, 0x8765_4321L));
            assertThat(machine.ports.next()).isEqualTo(new Write(0xFFF8, 4, 0xCAFE_BABEL));
        }
    }

    @Test
    void stringInstructionsAreManyAccesses() throws Exception {
        try (TestMachine machine = TestMachine.booting("""
                ba 40 00 00 00  ; mov edx, 0x40
                be 00 30 00 00  ; mov esi, 0x3000
                b9 05 00 00 00  ; mov ecx, 5
                f3 6e           ; rep outsb
                bf 00 40 00 00  ; mov edi, 0x4000
                b9 03 00 00 00  ; mov ecx, 3
                f3 66 6d        ; rep insw
                a1 00 40 00 00  ; mov eax, [0x4000]
                ef              ; out dx, eax
                f4              ; hlt
                """)) {
            machine.put(0x3000, new byte[] {10, 20, 30, 40, 50});
            machine.ports.answer(0x40, 0xABCD);
            machine.core.resume();
            for (int value = 10; value <= 50; value += 10) {
                assertThat(machine.ports.next()).isEqualTo(new Write(0x40, 1, value));
            }
            assertThat(machine.ports.next()).isEqualTo(new Write(0x40, 4, 0xABCD_ABCDL));
            assertThat(machine.core.memory().getShort(0x4004)).isEqualTo(0xABCD);
            assertThat(machine.core.memory().getShort(0x4006)).isZero();
        }
    }

    @Test
    void memoryMappedAccessesGoBothWays() throws Exception {
        try (TestMachine machine = TestMachine.booting("""
                a1 00 00 00 d0           ; mov eax, [0xd0000000]
                a3 04 00 00 d0           ; mov [0xd0000004], eax
                8a 0d 08 00 00 d0        ; mov cl, [0xd0000008]
                88 0d 09 00 00 d0        ; mov [0xd0000009], cl
                66 c7 05 10 00 00 d0 34 12  ; mov word [0xd0000010], 0x1234
                f4                       ; hlt
                """)) {
            machine.memory.answer(0xD000_0000L, 0x7472_6976).answer(0xD000_0008L, 0x5A);
            machine.core.resume();
            assertThat(machine.memory.next()).isEqualTo(new Write(0xD000_0004L, 4, 0x7472_6976));
            assertThat(machine.memory.next()).isEqualTo(new Write(0xD000_0009L, 1, 0x5A));
            assertThat(machine.memory.next()).isEqualTo(new Write(0xD000_0010L, 2, 0x1234));
        }
    }

    @Test
    void accessesOverTheEndOfAPageComeInSizesThatRegionsKnow() throws Exception {
        try (TestMachine machine = TestMachine.running("""
                c7 05 fd 0f 00 d0 44 33 22 11  ; mov dword [0xd0000ffd], 0x11223344
                f4                             ; hlt
                """)) {
            long value = 0;
            for (int bytes = 0; bytes < 4; ) {
                Write write = machine.memory.next();
                assertThat(write.size()).isIn(1, 2, 4);
                assertThat(write.offset()).isEqualTo(0xD000_0FFDL + bytes);
                value |= write.value() << (8 * bytes);
                bytes += write.size();
            }
            assertThat(value).isEqualTo(0x11223344);
        }
    }

    @Test
    void memoryIsSharedWithTheHost() throws Exception {
        try (TestMachine machine = TestMachine.booting("""
                a1 00 50 00 00     ; mov eax, [0x5000]
                40                 ; inc eax
                a3 fc ff 0f 00     ; mov [0xffffc], eax
                e6 10              ; out 0x10, al
                f4                 ; hlt
                """)) {
            machine.core.memory().putInt(0x5000, 0x01020304);
            machine.core.resume();
            machine.ports.next();
            assertThat(machine.core.memory().getInt(TestMachine.MEMORY - 4)).isEqualTo(0x01020305);
        }
    }

    @Test
    void memoryBeyondThreeGibibytesIsAboveFour() throws Exception {
        long size = MachineLayout.LOW_END_MOST + (1 << 20);
        try (TestMachine machine = TestMachine.of(GuestRam.zeros(size), 1)) {
            machine.put(TestMachine.ENTRY, Code.of("""
                            b0 11                    ; mov al, 0x11
                            a2 ff ff ff bf           ; mov [0xbfffffff], al
                            a2 00 00 00 c0           ; mov [0xc0000000], al
                            f4                       ; hlt
                            """));
            machine.core.boot(TestMachine.ENTRY, TestMachine.START_INFO);
            machine.core.memory().putInt(MachineLayout.HIGH + (1 << 20) - 4, 77);
            machine.core.resume();
            assertThat(machine.memory.next()).isEqualTo(new Write(0xC000_0000L, 1, 0x11));
            assertThat(machine.core.memory().getByte(0xBFFF_FFFFL)).isEqualTo(0x11);
            assertThat(machine.core.memory().contains(0xC000_0000L, 1)).isFalse();
            assertThat(machine.core.memory().contains(MachineLayout.HIGH + (1 << 20), 1))
                    .isFalse();
        }
    }

    @Test
    void tripleFaultEndsTheMachine() throws Exception {
        try (TestMachine machine = TestMachine.running("""
                0f 01 1d 0a 10 00 00  ; lidt [0x100a], which has a limit of 0
                0f 0b                 ; ud2
                f4                    ; hlt
                00 00 00 00 00 00     ; the descriptor
                """)) {
            assertThat(machine.end().reason()).startsWith("processor 0 met a triple fault at 0x10");
            assertThat(machine.end().failure()).isNull();
            assertEnded(machine, machine.end().reason());
        }
    }

    @Test
    void deviceThatFailsEndsTheMachineWithItsFailure() throws Exception {
        RuntimeException failure = new UnsupportedOperationException("no such port");
        IoRegion failing = new IoRegion() {
            @Override
            public long read(long offset, int size) {
                throw failure;
            }

            @Override
            public void write(long offset, int size, long value) {
                throw failure;
            }
        };
        CompletableFuture<MachineEnd> end = new CompletableFuture<>();
        try (Kvm kvm = Kvm.open();
                VmCore core = VmCore.create(
                        kvm, "failing", GuestRam.zeros(TestMachine.MEMORY), List.of(kvm.supportedCpuid()))) {
            core.start(failing, failing, end::complete);
            core.memory().write(TestMachine.ENTRY, ByteBuffer.wrap(Code.of("e4 10 ; in al, 0x10")));
            core.boot(TestMachine.ENTRY, 0);
            core.resume();
            assertThat(end.get().failure()).isSameAs(failure);
            assertThat(end.get().reason())
                    .isEqualTo("a device failed, java.lang.UnsupportedOperationException: no such port");
        }
    }

    @Test
    void guestThatIsEndedFromOutsideStopsRunning() throws Exception {
        try (TestMachine machine = TestMachine.running("""
                e6 10  ; out 0x10, al
                eb fc  ; jmp back
                """)) {
            machine.ports.next();
            machine.core.end(new MachineEnd("the guest powered off"));
            machine.core.end(new MachineEnd("something else"));
            assertThat(machine.end().reason()).isEqualTo("the guest powered off");
            assertEnded(machine, "the guest powered off");
            while (!machine.ports.isEmpty()) {
                machine.ports.next();
            }
            assertThat(machine.ports.isEmpty()).isTrue();
        }
    }

    private static void assertEnded(TestMachine machine, String reason) {
        machine.core.pause();
        assertThatIllegalStateException()
                .isThrownBy(machine.core::resume)
                .withMessage("The machine test has ended: " + reason);
        assertThatIllegalStateException()
                .isThrownBy(machine.core::capture)
                .withMessage("The machine test has ended: " + reason);
    }

    @Test
    void refusesWhatDoesNotFitItsPhase() {
        try (TestMachine machine = TestMachine.running("eb fe ; jmp self")) {
            VmCore core = machine.core;
            assertThatIllegalStateException()
                    .isThrownBy(core::capture)
                    .withMessage("Expected the machine test to be PAUSED, but it is RUNNING");
            assertThatIllegalStateException().isThrownBy(() -> core.boot(0, 0));
            assertThatIllegalStateException().isThrownBy(() -> core.start(machine.ports, machine.ports, end -> {}));
            core.resume();
            core.pause();
            core.pause();
            CoreState state = core.capture();
            try (TestMachine two = TestMachine.of(GuestRam.zeros(TestMachine.MEMORY), 2)) {
                assertThatThrownBy(() -> two.core.restore(state))
                        .isInstanceOf(StateFormatException.class)
                        .hasMessage("Expected the state of 2 processors, but found that of 1");
            }
            core.stop();
            core.stop();
            assertThatIllegalStateException().isThrownBy(core::resume);
            core.close();
            core.close();
            core.signalMsi(0xFEE0_0000L, 0x40);
            assertThatIllegalStateException()
                    .isThrownBy(core::pause)
                    .withMessage("Expected the machine test to be RUNNING, but it is CLOSED");
        }
    }

    @Test
    void machineThatCannotBeMadeClosesItsMemory() {
        GuestRam ram = GuestRam.zeros(TestMachine.MEMORY);
        try (Kvm kvm = Kvm.open()) {
            assertThatThrownBy(() -> VmCore.create(kvm, "no processors", ram, List.of()))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
        assertThatThrownBy(ram::dirtyPages).isInstanceOf(IllegalStateException.class);
    }
}
