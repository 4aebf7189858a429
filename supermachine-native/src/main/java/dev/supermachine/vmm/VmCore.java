package dev.supermachine.vmm;

import dev.supermachine.kvm.CpuidEntry;
import dev.supermachine.kvm.Kvm;
import dev.supermachine.kvm.KvmCapability;
import dev.supermachine.kvm.VcpuFd;
import dev.supermachine.kvm.VmFd;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A machine without devices: memory, vCPUs with their threads, local APICs and the clock. How one is used:
 *
 * <pre>{@code
 * VmCore core = VmCore.create(kvm, "web-1", GuestRam.zeros(size), cpuidOfEachVcpu);
 * // make devices over core.memory(), with interrupts through core.signalMsi(...)
 * core.start(ports, memoryMappedIo, end -> ...);    // all vCPUs are paused
 * core.boot(entry, startInfo);                      // or core.restore(state)
 * core.resume();
 * ...
 * core.pause(); quiesce devices; CoreState state = core.capture(); core.ram().capture(file);
 * core.pause(); quiesce devices; core.reset(state); restore devices; core.resume();
 * ...
 * core.stop(); close devices; core.closeLater();
 * }</pre>
 *
 * <p>Once it has ended, because the guest or KVM could not go on or {@link #end} was called, its vCPUs are paused for ever and it can only be closed.
 *
 * <p>Thread-safe. No method but {@link #signalMsi} and {@link #end} may be called by a device or the listener on a vCPU's thread, as the others wait for these.
 */
final class VmCore implements AutoCloseable {

    /** Below the top of 32-bit addresses, where firmware would be. */
    private static final long INTEL_TSS = 0xFFFB_D000L;

    private static final long INTEL_IDENTITY_MAP = 0xFFFB_C000L;

    /** What a vCPU takes to pause is microseconds; but a device may be in the middle of a transfer, and the host overloaded. */
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final long STOP_AGAIN_MILLIS = 10;

    private enum Phase {
        CREATED,
        PAUSED,
        RUNNING,
        STOPPED,
        CLOSED
    }

    private final String name;
    private final VmFd machine;
    private final GuestRam ram;
    private final List<VcpuFd> fds;
    private final List<VcpuMsrs> registers;
    private final List<List<CpuidEntry>> cpuid;
    private final int[] msrIndices;
    private final int tscKhz;

    private final Object signals = new Object();
    private boolean signalsEnded;

    private final Object ending = new Object();
    private @Nullable MachineEnd end;
    private @Nullable Consumer<MachineEnd> listener;

    private Phase phase = Phase.CREATED;
    private Duration patience = PATIENCE;
    private volatile List<Vcpu> vcpus = List.of();

    private VmCore(
            String name, VmFd machine, GuestRam ram, List<VcpuFd> fds, List<List<CpuidEntry>> cpuid, int[] msrIndices) {
        this.name = name;
        this.machine = machine;
        this.ram = ram;
        this.fds = List.copyOf(fds);
        registers = fds.stream().map(VcpuMsrs::new).toList();
        this.cpuid = List.copyOf(cpuid);
        this.msrIndices = msrIndices;
        tscKhz = fds.get(0).tscKhz();
    }

    /**
     * Makes a machine whose vCPUs are as after power-on.
     *
     * @param kvm the host's, which the machine does not need afterwards
     * @param name for its threads
     * @param ram its memory, which is the machine's from now on: also closed if this fails
     * @param cpuid what the CPUID instruction answers, for each vCPU
     * @throws dev.supermachine.kvm.KvmException if KVM lacks what is needed
     * @throws dev.supermachine.linux.LinuxException if KVM refuses
     */
    static VmCore create(Kvm kvm, String name, GuestRam ram, List<List<CpuidEntry>> cpuid) {
        List<AutoCloseable> made = new ArrayList<>(List.of(ram));
        try {
            kvm.require(
                    KvmCapability.USER_MEMORY,
                    KvmCapability.EXT_CPUID,
                    KvmCapability.MP_STATE,
                    KvmCapability.ADJUST_CLOCK,
                    KvmCapability.VCPU_EVENTS,
                    KvmCapability.DEBUGREGS,
                    KvmCapability.XSAVE,
                    KvmCapability.XCRS,
                    KvmCapability.GET_TSC_KHZ,
                    KvmCapability.SIGNAL_MSI,
                    KvmCapability.SPLIT_IRQCHIP,
                    KvmCapability.IMMEDIATE_EXIT);
            VmFd machine = kvm.createVm();
            made.add(machine);
            // Memory first: behind an interrupt controller it would wait for a grace period of the kernel, which is
            // milliseconds.
            ram.attach(machine);
            machine.setIntelAddresses(INTEL_TSS, INTEL_IDENTITY_MAP);
            machine.splitIrqchip(IoApic.PINS);
            List<VcpuFd> fds = new ArrayList<>();
            for (List<CpuidEntry> entries : cpuid) {
                VcpuFd fd = machine.createVcpu(fds.size());
                made.add(fd);
                fds.add(fd);
                fd.setCpuid(entries);
            }
            return new VmCore(name, machine, ram, fds, cpuid, MsrIndices.of(kvm));
        } catch (RuntimeException | Error e) {
            for (int i = made.size() - 1; i >= 0; i--) {
                Closing.closeAfter(e, made.get(i));
            }
            throw e;
        }
    }

    /** Its memory, for the host. */
    GuestMemory memory() {
        return ram.memory();
    }

    /** Its memory, to be captured, or to see what was written. */
    GuestRam ram() {
        return ram;
    }

    /** How fast its time stamp counters count, in kHz, if they were not restored with another frequency. */
    int tscKhz() {
        return tscKhz;
    }

    /**
     * Starts the vCPUs' threads; the vCPUs are paused.
     *
     * @param ports what answers to ports, by their numbers
     * @param memory what answers to addresses without memory
     * @param listener is told once if the machine ends, on a vCPU's thread or that of the caller of {@link #end}
     */
    synchronized void start(IoRegion ports, IoRegion memory, Consumer<MachineEnd> listener) {
        expect(Phase.CREATED);
        synchronized (ending) {
            this.listener = listener;
        }
        List<Vcpu> started = new ArrayList<>();
        for (VcpuFd fd : fds) {
            int id = started.size();
            VcpuExits exits = new VcpuExits(id, fd, ports, memory);
            started.add(new Vcpu(name + " vcpu " + id, fd, exits, this::end));
        }
        vcpus = List.copyOf(started);
        vcpus.forEach(Vcpu::start);
        phase = Phase.PAUSED;
        // Entered once, they have made all that KVM makes late.
        awaitPaused();
    }

    /**
     * Prepares the first vCPU to boot by the PVH protocol; the others wait until it starts them. Once, before it first runs.
     *
     * @param entry the guest-physical address of its first instruction
     * @param startInfo that of the start information
     */
    synchronized void boot(long entry, long startInfo) {
        expect(Phase.PAUSED);
        for (int i = 0; i < fds.size(); i++) {
            BootRegisters.setCommon(fds.get(i), cpuid.get(i));
        }
        BootRegisters.setEntry(fds.get(0), entry, startInfo);
    }

    /** Lets all vCPUs run. Nothing happens if they do. */
    synchronized void resume() {
        if (phase == Phase.RUNNING) {
            return;
        }
        expect(Phase.PAUSED);
        synchronized (ending) {
            if (end != null) {
                throw new IllegalStateException("The machine " + name + " has ended: " + end.reason());
            }
            vcpus.forEach(Vcpu::resume);
        }
        phase = Phase.RUNNING;
    }

    /**
     * Pauses all vCPUs, with no instruction half done. Nothing happens if they are paused.
     *
     * @throws IllegalStateException if one does not in time, because a device does not return; the machine has ended then
     */
    synchronized void pause() {
        if (phase == Phase.PAUSED) {
            return;
        }
        expect(Phase.RUNNING);
        vcpus.forEach(Vcpu::requestPause);
        awaitPaused();
        phase = Phase.PAUSED;
    }

    private void awaitPaused() {
        for (Vcpu vcpu : vcpus) {
            if (vcpu.isCurrent()) {
                throw new IllegalStateException("A processor of " + name + " cannot wait for itself");
            }
            if (!vcpu.awaitPaused(patience)) {
                String reason = "a processor did not pause within " + patience.toMillis() / 1000.0
                        + " s; a device does not return";
                end(new MachineEnd(reason));
                throw new IllegalStateException("The machine " + name + " has ended: " + reason);
            }
        }
    }

    /** How long to wait for a vCPU; for tests. */
    synchronized void patience(Duration patience) {
        this.patience = patience;
    }

    /** Captures the vCPUs and the clock. Paused, and not ended. */
    synchronized CoreState capture() {
        expectPausedAlive();
        List<VcpuState> states = new ArrayList<>();
        for (VcpuFd fd : fds) {
            states.add(VcpuState.capture(fd, machine.xsaveSize(), msrIndices));
        }
        return new CoreState(states, machine.clock());
    }

    /**
     * Puts the vCPUs and the clock into a state, whatever they are in. Paused, and not ended.
     *
     * @param state of a machine with as many vCPUs, whose CPUID instruction answers the same
     * @throws dev.supermachine.kvm.KvmException if the state is of another kind of host
     */
    synchronized void restore(CoreState state) {
        expectPausedAlive();
        if (state.vcpus().size() != fds.size()) {
            throw new StateFormatException("Expected the state of " + fds.size() + " processors, but found that of "
                    + state.vcpus().size());
        }
        for (int i = 0; i < fds.size(); i++) {
            state.vcpus().get(i).tsc().restoreFrequency(machine, fds.get(i), tscKhz);
            state.vcpus().get(i).restore(fds.get(i), registers.get(i), machine.xsaveSize());
        }
        TscState.restore(fds, state.vcpus().stream().map(VcpuState::tsc).toList());
        for (int i = 0; i < fds.size(); i++) {
            state.vcpus().get(i).restoreEvents(fds.get(i), registers.get(i));
        }
        machine.setClock(state.clock());
    }

    /**
     * Puts the memory back as it was at the beginning, and the vCPUs and the clock into a state. Paused, and not ended; no device may touch the memory.
     *
     * @param state that goes with the memory's beginning
     * @return as {@link GuestRam#reset}
     */
    synchronized long reset(CoreState state) {
        expectPausedAlive();
        long pages = ram.reset();
        restore(state);
        return pages;
    }

    /**
     * Delivers a message signalled interrupt, from any thread. After the machine has been closed, nothing happens.
     *
     * @param address 0xFEE00000 and on, with the destination
     * @param data the vector and how to deliver it
     */
    void signalMsi(long address, int data) {
        synchronized (signals) {
            if (!signalsEnded) {
                machine.signalMsi(address, data);
            }
        }
    }

    /**
     * Ends the machine, from any thread: its vCPUs pause for ever as soon as they can, and the listener is told, unless that has happened already.
     *
     * @param end why
     */
    void end(MachineEnd end) {
        Consumer<MachineEnd> told;
        synchronized (ending) {
            if (this.end != null) {
                return;
            }
            this.end = end;
            told = listener;
            vcpus.forEach(Vcpu::requestPause);
        }
        if (told != null) {
            told.accept(end);
        }
    }

    /** Stops the vCPUs' threads, whatever they do, and waits for them. After that no device is called any more. */
    synchronized void stop() {
        if (phase == Phase.STOPPED || phase == Phase.CLOSED) {
            return;
        }
        vcpus.forEach(Vcpu::requestStop);
        for (Vcpu vcpu : vcpus) {
            if (vcpu.isCurrent()) {
                throw new IllegalStateException("A processor of " + name + " cannot wait for itself");
            }
            if (!vcpu.awaitStopped(patience)) {
                throw new IllegalStateException("A processor of " + name + " did not stop within "
                        + patience.toMillis() / 1000.0 + " s; a device does not return");
            }
        }
        phase = Phase.STOPPED;
    }

    /**
     * Stops the vCPUs' threads as {@link #stop} does, and waits for nothing. The machine has ended, and nobody starts or resumes it any more.
     *
     * @return is completed when all have stopped, on whatever thread; never if one never does
     */
    CompletableFuture<Void> stopLater() {
        CompletableFuture<Void> stopped =
                CompletableFuture.allOf(vcpus.stream().map(Vcpu::whenStopped).toArray(CompletableFuture<?>[]::new));
        stopAgain(stopped, STOP_AGAIN_MILLIS);
        return stopped;
    }

    /** In case a signal goes astray, as for whoever waits; but for a vCPU that is stuck less and less, and then no more. */
    private void stopAgain(CompletableFuture<Void> stopped, long millis) {
        vcpus.forEach(Vcpu::requestStop);
        if (!stopped.isDone() && millis <= PATIENCE.toMillis()) {
            Closing.after(millis, () -> stopAgain(stopped, 2 * millis));
        }
    }

    /** As {@link #closeLater}, and waits until all is gone, which can take milliseconds. */
    @Override
    public void close() {
        closeLater().join();
    }

    /**
     * Stops the vCPUs, and gives everything back on another thread, as that can take milliseconds. No device may touch the memory any more.
     *
     * @return is completed when all is gone, exceptionally if something could not be closed
     */
    synchronized CompletableFuture<Void> closeLater() {
        if (phase == Phase.CLOSED) {
            return CompletableFuture.completedFuture(null);
        }
        stop();
        phase = Phase.CLOSED;
        synchronized (signals) {
            signalsEnded = true;
        }
        List<AutoCloseable> things = new ArrayList<>(fds);
        things.add(machine);
        things.add(ram);
        return Closing.later(things);
    }

    /** Fails unless it is paused and has not ended. */
    void expectPausedAlive() {
        expect(Phase.PAUSED);
        synchronized (ending) {
            if (end != null) {
                throw new IllegalStateException("The machine " + name + " has ended: " + end.reason());
            }
        }
    }

    private void expect(Phase expected) {
        if (phase != expected) {
            throw new IllegalStateException(
                    "Expected the machine " + name + " to be " + expected + ", but it is " + phase);
        }
    }
}
