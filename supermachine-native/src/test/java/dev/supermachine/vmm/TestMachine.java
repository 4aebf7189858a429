package dev.supermachine.vmm;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.supermachine.kvm.CpuidEntry;
import dev.supermachine.kvm.Kvm;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A machine with a guest of a few instructions, which begins in 32-bit protected mode without paging. */
final class TestMachine implements AutoCloseable {

    /** Where the code is. */
    static final long ENTRY = 0x1000;

    /** What EBX has at the begin. */
    static final long START_INFO = 0x2000;

    /** How much memory it has if not told otherwise. */
    static final long MEMORY = 1 << 20;

    private static final int TSC_DEADLINE = 1 << 24;

    final VmCore core;
    final RecordingIo ports = new RecordingIo();
    final RecordingIo memory = new RecordingIo();
    final CompletableFuture<MachineEnd> end = new CompletableFuture<>();

    private TestMachine(VmCore core, @Nullable IoRegion otherPorts, @Nullable IoRegion otherMemory) {
        this.core = core;
        core.start(otherPorts == null ? ports : otherPorts, otherMemory == null ? memory : otherMemory, end::complete);
    }

    /** Skips the test, with the reason, where there is no KVM. */
    static void assumeKvm() {
        assumeTrue(Files.exists(Kvm.DEVICE), Kvm.DEVICE + " does not exist");
        assumeTrue(Files.isReadable(Kvm.DEVICE) && Files.isWritable(Kvm.DEVICE), "no right to use " + Kvm.DEVICE);
    }

    /** A machine with memory of its own. Paused. */
    static TestMachine of(GuestRam ram, int vcpus) {
        return of(ram, vcpus, null, null);
    }

    private static TestMachine of(GuestRam ram, int vcpus, @Nullable IoRegion ports, @Nullable IoRegion memory) {
        try (Kvm kvm = Kvm.open()) {
            return new TestMachine(
                    VmCore.create(kvm, "test", ram, Collections.nCopies(vcpus, cpuid(kvm.supportedCpuid()))),
                    ports,
                    memory);
        }
    }

    /** A machine with one vCPU that is to run this code. Paused. */
    static TestMachine booting(String code) {
        return booting(code, null, null);
    }

    /** As {@link #booting(String)}, with other ports. */
    static TestMachine booting(String code, @Nullable IoRegion ports) {
        return booting(code, ports, null);
    }

    /** As {@link #booting(String)}, with other ports and another memory-mapped device. */
    static TestMachine booting(String code, @Nullable IoRegion ports, @Nullable IoRegion memory) {
        TestMachine machine = of(GuestRam.zeros(MEMORY), 1, ports, memory);
        machine.put(ENTRY, Code.of(code));
        machine.core.boot(ENTRY, START_INFO);
        return machine;
    }

    /** A machine with one vCPU that runs this code. */
    static TestMachine running(String code) {
        TestMachine machine = booting(code);
        machine.core.resume();
        return machine;
    }

    private static List<CpuidEntry> cpuid(List<CpuidEntry> supported) {
        return supported.stream()
                .map(entry -> entry.function() == 1
                        ? entry.with(entry.eax(), entry.ebx(), entry.ecx() | TSC_DEADLINE, entry.edx())
                        : entry)
                .toList();
    }

    /** Writes into its memory. */
    TestMachine put(long address, byte[] bytes) {
        core.memory().write(address, ByteBuffer.wrap(bytes));
        return this;
    }

    /** Why it ended, which is waited for. */
    MachineEnd end() throws Exception {
        return end.get(60, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        core.close();
    }
}
