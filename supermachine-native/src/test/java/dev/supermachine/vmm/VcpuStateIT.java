package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.supermachine.kvm.Kvm;
import dev.supermachine.kvm.KvmCapability;
import dev.supermachine.kvm.KvmException;
import dev.supermachine.kvm.MsrBlock;
import dev.supermachine.kvm.VcpuFd;
import dev.supermachine.kvm.VcpuStruct;
import dev.supermachine.kvm.VmFd;
import dev.supermachine.vmm.RecordingIo.Write;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A vCPU's state is the same when it was captured, written, read, and restored into another machine or the same. */
@Timeout(120)
class VcpuStateIT {

    /** Puts something of its own into registers of all kinds, tells that it is ready, and then counts. */
    private static final String DISTINCTIVE = """
            b8 78 56 34 12                 ; mov eax, 0x12345678
            0f 23 c0                       ; mov dr0, eax
            31 d2                          ; xor edx, edx
            b9 74 01 00 00                 ; mov ecx, 0x174: IA32_SYSENTER_CS
            0f 30                          ; wrmsr
            c7 05 f0 00 e0 fe ff 01 00 00  ; mov dword [0xfee000f0], 0x1ff: enable the local APIC
            c7 05 80 00 e0 fe 20 00 00 00  ; mov dword [0xfee00080], 0x20: its task priority
            c7 05 20 03 e0 fe 41 00 01 00  ; mov dword [0xfee00320], 0x10041: its timer, masked
            bb 11 11 11 11                 ; mov ebx, 0x11111111
            be 22 22 22 22                 ; mov esi, 0x22222222
            bf 33 33 33 33                 ; mov edi, 0x33333333
            bd 44 44 44 44                 ; mov ebp, 0x44444444
            31 c0                          ; xor eax, eax
            40                             ; inc eax
            a3 00 50 00 00                 ; mov [0x5000], eax
            e7 10                          ; out 0x10, eax
            eb f6                          ; jmp to inc
            """;

    @TempDir
    private Path directory;

    @BeforeAll
    static void needsKvm() {
        TestMachine.assumeKvm();
    }

    @Test
    void anotherMachineGoesOnWhereTheFirstWasCaptured() throws Exception {
        Path ram = directory.resolve("ram");
        byte[] written;
        CoreState captured;
        long last = 0;
        try (TestMachine machine = TestMachine.running(DISTINCTIVE)) {
            for (int i = 1; i <= 10; i++) {
                machine.ports.next();
            }
            machine.core.pause();
            captured = machine.core.capture();
            machine.core.ram().capture(ram);
            StateWriter out = new StateWriter();
            captured.write(out);
            written = out.toBytes();
            // What it wrote up to here.
            last = 10;
            while (!machine.ports.isEmpty()) {
                last = machine.ports.next().value();
            }
        }
        StateReader in = new StateReader(written);
        CoreState read = CoreState.read(in);
        in.expectEnd();
        StateWriter again = new StateWriter();
        read.write(again);
        assertThat(again.toBytes()).isEqualTo(written);

        try (PageSource source = PageSource.open(ram);
                TestMachine machine = TestMachine.of(GuestRam.of(source), 1)) {
            machine.core.restore(read);
            CoreState restored = machine.core.capture();
            assertSame(restored.vcpus().get(0), captured.vcpus().get(0));
            assertThat(restored.clock()).isGreaterThanOrEqualTo(captured.clock());
            machine.core.resume();
            assertThat(machine.ports.next()).isEqualTo(new Write(0x10, 4, last + 1));
            assertThat(machine.ports.next()).isEqualTo(new Write(0x10, 4, last + 2));

            // And in place, from wherever it is now.
            for (int i = 0; i < 20; i++) {
                machine.core.pause();
                machine.core.reset(read);
                while (!machine.ports.isEmpty()) {
                    machine.ports.next();
                }
                assertSame(
                        machine.core.capture().vcpus().get(0), captured.vcpus().get(0));
                machine.core.resume();
                assertThat(machine.ports.next()).isEqualTo(new Write(0x10, 4, last + 1));
            }
        }
    }

    @Test
    void capturedStateHasWhatTheGuestPutThere() throws Exception {
        try (TestMachine machine = TestMachine.running(DISTINCTIVE)) {
            machine.ports.next();
            machine.core.pause();
            VcpuState state = machine.core.capture().vcpus().get(0);
            assertThat(registers(state)).containsEntry(0x174, 0x12345678L).containsEntry(0x2FF, 0x806L);
            assertThat(state.part(VcpuStruct.DEBUGREGS)).startsWith(0x78, 0x56, 0x34, 0x12);
            assertThat(state.part(VcpuStruct.LAPIC)[0x80]).isEqualTo((byte) 0x20);
            assertThat(state.part(VcpuStruct.REGS)).contains(0x11, 0x22, 0x33, 0x44);
        }
    }

    @Test
    void allVcpusAreCapturedAndRestored() throws Exception {
        CoreState captured;
        Path ram = directory.resolve("ram");
        try (TestMachine machine = TestMachine.of(GuestRam.zeros(TestMachine.MEMORY), 2)) {
            machine.put(TestMachine.ENTRY, Code.of(DISTINCTIVE));
            machine.core.boot(TestMachine.ENTRY, TestMachine.START_INFO);
            machine.core.resume();
            machine.ports.next();
            machine.core.pause();
            captured = machine.core.capture();
            machine.core.ram().capture(ram);
        }
        try (PageSource source = PageSource.open(ram);
                TestMachine machine = TestMachine.of(GuestRam.of(source), 2)) {
            machine.core.restore(captured);
            CoreState restored = machine.core.capture();
            assertSame(restored.vcpus().get(0), captured.vcpus().get(0));
            assertSame(restored.vcpus().get(1), captured.vcpus().get(1));
            machine.core.resume();
            machine.ports.next();
        }
    }

    @Test
    void timeStampCounterGoesOnWhereItWas() throws Exception {
        try (TestMachine machine = TestMachine.running(DISTINCTIVE)) {
            machine.ports.next();
            machine.core.pause();
            CoreState first = machine.core.capture();
            machine.core.restore(first);
            long before = machine.core.capture().vcpus().get(0).tsc().value();
            // Not when a second has passed, in which KVM takes a write for a correction, but at once and often.
            for (int i = 0; i < 100; i++) {
                machine.core.restore(first);
            }
            long after = machine.core.capture().vcpus().get(0).tsc().value();
            long start = first.vcpus().get(0).tsc().value();
            assumeTrue(appliesTscOffsets(), "this KVM applies no offsets to the time stamp counter");
            assertThat(before - start).isBetween(0L, machine.core.tscKhz() * 1000L);
            assertThat(after - start).isBetween(0L, machine.core.tscKhz() * 1000L);
        }
    }

    private static boolean appliesTscOffsets() {
        try (Kvm kvm = Kvm.open();
                VmFd machine = kvm.createVm()) {
            machine.splitIrqchip(24);
            try (VcpuFd vcpu = machine.createVcpu(0)) {
                vcpu.setCpuid(kvm.supportedCpuid());
                OptionalLong offset = vcpu.tscOffset();
                if (offset.isEmpty()) {
                    return true;
                }
                vcpu.setTscOffset(offset.getAsLong() + (1L << 60));
                MsrBlock tsc = new MsrBlock(MsrIndices.TSC);
                vcpu.getMsrs(tsc);
                return tsc.value(0) >= 1L << 60;
            }
        }
    }

    @Test
    void timerThatExpiresAfterTheCaptureTicksInEveryRestoredMachine() throws Exception {
        // Deadline mode; the handler's count goes to port 0x20.
        try (TestMachine machine = Interruptible.machine("""
                c7 05 20 03 e0 fe 40 00 04 00  ; mov dword [0xfee00320], 0x40040: by deadline, vector 0x40
                e7 10                          ; out 0x10, eax: ready
                0f 31                          ; rdtsc
                81 c2 04 00 00 00              ; add edx, 4: some seconds from now
                b9 e0 06 00 00                 ; mov ecx, 0x6e0: IA32_TSC_DEADLINE
                0f 30                          ; wrmsr
                e7 11                          ; out 0x11, eax: armed
                fb                             ; sti
                f4                             ; hlt
                eb fd                          ; jmp to hlt
                """, 1)) {
            machine.core.resume();
            machine.ports.next();
            assertThat(machine.ports.next().offset()).isEqualTo(0x11);
            machine.core.pause();
            CoreState state = machine.core.capture();
            // Some seconds are too long to wait for. What was lost on the way is the same to the guest as what expires
            // at once.
            CoreState expired = withDeadline(state, 0);
            for (int i = 0; i < 5; i++) {
                machine.core.restore(expired);
                machine.core.resume();
                assertThat(machine.ports.next().offset()).isEqualTo(0x20);
                machine.core.pause();
            }
            machine.core.restore(withDeadline(state, 1));
            machine.core.resume();
            assertThat(machine.ports.next().offset()).isEqualTo(0x20);
        }
    }

    /** By what it writes: the deadline is the last register. */
    private static CoreState withDeadline(CoreState state, long deadline) {
        StateWriter out = new StateWriter();
        state.write(out);
        byte[] bytes = out.toBytes();
        int at = bytes.length - Long.BYTES - Long.BYTES;
        for (int i = 0; i < Long.BYTES; i++) {
            bytes[at + i] = (byte) (deadline >>> (8 * i));
        }
        return CoreState.read(new StateReader(bytes));
    }

    @Test
    void anotherFrequencyIsScaledOrRefused() {
        try (Kvm kvm = Kvm.open();
                VmFd machine = kvm.createVm()) {
            machine.splitIrqchip(24);
            try (VcpuFd vcpu = machine.createVcpu(0)) {
                vcpu.setCpuid(kvm.supportedCpuid());
                int khz = vcpu.tscKhz();
                new TscState(0, khz + khz / 10_000, OptionalLong.empty()).restoreFrequency(machine, vcpu, khz);
                assertThat(vcpu.tscKhz()).isEqualTo(khz);
                TscState other = new TscState(0, khz - khz / 10, OptionalLong.empty());
                if (machine.check(KvmCapability.TSC_CONTROL) != 0) {
                    other.restoreFrequency(machine, vcpu, khz);
                    assertThat(vcpu.tscKhz()).isEqualTo(khz - khz / 10);
                } else {
                    assertThatThrownBy(() -> other.restoreFrequency(machine, vcpu, khz))
                            .isInstanceOf(KvmException.class)
                            .hasMessage("The time stamp counter of this machine's state counts at "
                                    + (khz - khz / 10) + " kHz, but this host's at " + khz
                                    + " kHz, and its processor cannot scale it; use the state on a host like the one"
                                    + " before");
                }
            }
        }
    }

    @Test
    void registerThatCannotBeSetIsPassedOverOnlyIfItHasTheValue() {
        try (Kvm kvm = Kvm.open();
                VmFd machine = kvm.createVm()) {
            machine.splitIrqchip(24);
            try (VcpuFd vcpu = machine.createVcpu(0)) {
                vcpu.setCpuid(kvm.supportedCpuid());
                VcpuMsrs registers = new VcpuMsrs(vcpu);
                int none = 0xDEAD;
                assertThatThrownBy(() -> registers.write(new MsrBlock(0x174, none, 0x175).put(1, 5)))
                        .isInstanceOf(KvmException.class)
                        .hasMessage("KVM does not set model-specific register 0xdead to 0x5, where it is 0x0; is this"
                                + " processor of another kind than the one before?");
                registers.write(new MsrBlock(0x174, 0x175).put(0, 8).put(1, 9));
                MsrBlock read = registers.read(none, 0x174, none, none, 0x175, none);
                assertThat(read.count()).isEqualTo(2);
                assertThat(read.value(0)).isEqualTo(8);
                assertThat(read.value(1)).isEqualTo(9);
            }
        }
    }

    @Test
    void cutOrDamagedStateIsRefused() throws IOException {
        byte[] bytes;
        try (TestMachine machine = TestMachine.booting("f4 ; hlt")) {
            StateWriter out = new StateWriter();
            machine.core.capture().write(out);
            bytes = out.toBytes();
        }
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> CoreState.read(new StateReader(cut))).isInstanceOf(StateFormatException.class);
        }
        byte[] newer = bytes.clone();
        newer[0] = 2;
        assertThatThrownBy(() -> CoreState.read(new StateReader(newer)))
                .hasMessage("Expected version 1 of the processors' state, as a number of 1 to 1 at offset 0 of the"
                        + " state, but found 2");
    }

    static void assertSame(VcpuState found, VcpuState expected) {
        for (VcpuStruct part : VcpuStruct.values()) {
            assertThat(found.part(part)).as("%s", part).isEqualTo(expected.part(part));
        }
        assertThat(registers(found)).isEqualTo(registers(expected));
    }

    private static Map<Integer, Long> registers(VcpuState state) {
        Map<Integer, Long> registers = new TreeMap<>();
        for (int i = 0; i < state.msrs().count(); i++) {
            registers.put(state.msrs().index(i), state.msrs().value(i));
        }
        assertThat(registers).hasSizeGreaterThan(30);
        return registers;
    }
}
