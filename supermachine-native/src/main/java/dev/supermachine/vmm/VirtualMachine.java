package dev.supermachine.vmm;

import dev.supermachine.kvm.CpuidEntry;
import dev.supermachine.linux.LinuxException;
import dev.supermachine.linux.PageMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A virtual machine in this process: memory, vCPUs and devices. It is booted from a kernel and captured, or restored from what was captured and then brought back to
 * that as often as wanted.
 *
 * <p>Thread-safe. Once it has ended, by itself or by {@link #end}, it never runs again, and what it had is given back in the background.
 *
 * @since 0.1
 */
public final class VirtualMachine {

    private static final String AGENT_PORT = "dev.supermachine.agent";

    private final MachineShape shape;
    private final VmCore core;
    private final Devices devices;
    private final Disks disks;

    /** What its memory began as; null if it was booted. */
    private final @Nullable PageSource source;

    /** What it was restored from; null if it was booted. */
    private final @Nullable MachineState origin;

    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile String endReason = "";
    private volatile Consumer<ByteBuffer> console = bytes -> {};
    private boolean shutDown;
    private volatile @Nullable CompletableFuture<Void> gone;

    /** Whoever touches the memory, or makes the vCPUs stand or run: it is not given back before they are out. */
    private final Occupancy occupancy = new Occupancy();

    private VirtualMachine(
            MachineShape shape, VmCore core, Disks disks, @Nullable PageSource source, @Nullable MachineState origin) {
        this.shape = shape;
        this.core = core;
        this.source = source;
        this.origin = origin;
        this.disks = disks;
        this.devices = new Devices(
                core,
                disks,
                AGENT_PORT,
                bytes -> console.accept(bytes),
                cause -> core.end(new MachineEnd(
                        switch (cause) {
                            case POWER_OFF -> "the guest powered off";
                            case RESET -> "the guest reset its machine, as it does after a panic or for a reboot";
                        })));
    }

    /**
     * Makes a machine and loads a kernel into it. It does not run yet.
     *
     * @param shape what it consists of
     * @param kernel an uncompressed ELF file with a PVH note
     * @param initrd the initial root file system
     * @param arguments for the kernel, after those that the machine itself needs; none may hold white space
     * @return the machine, paused
     * @throws IOException if a file cannot be read, or is no kernel
     * @throws LinuxException if the system refuses
     * @throws IllegalArgumentException if kernel, initrd and arguments do not fit into the memory
     */
    public static VirtualMachine boot(MachineShape shape, Path kernel, Path initrd, List<String> arguments)
            throws IOException {
        VirtualMachine machine = make(shape, GuestRam.zeros(shape.memoryBytes()), null, null);
        try {
            machine.load(kernel, initrd, arguments);
            return machine;
        } catch (IOException | RuntimeException | Error e) {
            machine.end("it was not booted");
            throw e;
        }
    }

    /**
     * Makes a machine as it was captured. It does not run yet.
     *
     * @param shape what it consists of, as when it was booted
     * @param ram the file of its memory, which must never change
     * @param state the file of its state
     * @return the machine, paused
     * @throws IOException if a file cannot be read
     * @throws StateFormatException if the files are not those of such a machine
     * @throws LinuxException if the system refuses
     */
    public static VirtualMachine restore(MachineShape shape, Path ram, Path state) throws IOException {
        return restore(shape, ram, state, PageMap::open);
    }

    /** For tests, with another way to find the pages that a run has touched. */
    static VirtualMachine restore(MachineShape shape, Path ram, Path state, Supplier<PageMap> pageMap)
            throws IOException {
        MachineState origin = MachineState.read(state, shape);
        PageSource source = PageSource.open(ram);
        VirtualMachine machine;
        try {
            if (source.size() != shape.memoryBytes()) {
                throw new StateFormatException("the memory file " + ram + " has " + source.size() + " bytes, but "
                        + shape.memoryMib() + " MiB are " + shape.memoryBytes());
            }
            machine = make(shape, GuestRam.of(source, pageMap), source, origin);
        } catch (IOException | RuntimeException | Error e) {
            Closing.closeAfter(e, source);
            throw e;
        }
        try {
            machine.core.restore(origin.core());
            machine.devices.restore(origin.devices());
            return machine;
        } catch (RuntimeException | Error e) {
            machine.end("it was not restored");
            throw e;
        }
    }

    private static VirtualMachine make(
            MachineShape shape, GuestRam ram, @Nullable PageSource source, @Nullable MachineState origin)
            throws IOException {
        Disks disks;
        try {
            disks = Disks.open(shape, origin != null);
        } catch (IOException | RuntimeException | Error e) {
            Closing.closeAfter(e, ram);
            throw e;
        }
        return Closing.orClose(
                disks,
                opened -> Closing.orClose(core(shape, ram), core -> {
                    VirtualMachine machine = new VirtualMachine(shape, core, opened, source, origin);
                    core.start(machine.devices.ports(), machine.devices.memory(), machine::hasEnded);
                    return machine;
                }));
    }

    private static VmCore core(MachineShape shape, GuestRam ram) {
        KvmHost host;
        List<List<CpuidEntry>> cpuid;
        try {
            host = KvmHost.instance();
            cpuid = host.cpuid(shape.vcpus());
        } catch (RuntimeException | Error e) {
            Closing.closeAfter(e, ram);
            throw e;
        }
        return VmCore.create(host.kvm(), shape.name(), ram, cpuid);
    }

    private void load(Path kernel, Path initrd, List<String> arguments) throws IOException {
        GuestMemory memory = core.memory();
        memory.write(
                MachineLayout.ACPI_TABLES,
                ByteBuffer.wrap(AcpiTables.of(
                        shape.vcpus(), Devices.virtioSlots(shape.volumes().size()), true)));
        devices.placeGeneration();
        PvhKernel loaded = PvhKernel.load(
                memory, shape.memoryMib(), kernel, initrd, KernelArguments.join(core.tscKhz(), arguments));
        core.boot(loaded.entry(), loaded.startInfo());
    }

    /**
     * The machine's name.
     *
     * @return as in its shape
     */
    public String name() {
        return shape.name();
    }

    /**
     * The host's end of the channel to the guest's agent, of this run: {@link #rewind()} makes another.
     *
     * @return the port
     */
    public AgentPort agent() {
        return devices.agent();
    }

    /**
     * Where the boot console prints to from now on.
     *
     * @param sink is called on vCPU threads with what the guest printed, and must not keep the buffer
     */
    public void printTo(Consumer<ByteBuffer> sink) {
        console = sink;
    }

    /**
     * Lets the vCPUs run. Nothing happens if they do.
     *
     * @throws IllegalStateException if the machine has ended
     */
    public synchronized void resume() {
        enter();
        try {
            devices.unquiesce();
            core.resume();
        } finally {
            occupancy.leave();
        }
    }

    /**
     * Stops the vCPUs, with no instruction half done and no device at work. Nothing happens if they do not run.
     *
     * @throws IllegalStateException if the machine was given up, or a vCPU does not stop within a minute, which ends the machine
     */
    public synchronized void pause() {
        enter();
        try {
            core.pause();
            devices.quiesce();
        } finally {
            occupancy.leave();
        }
    }

    /**
     * As {@link #resume()}, for one run only.
     *
     * @param run the {@link #agent()} of that run
     * @throws IllegalStateException also if another run has begun since, which goes on untouched
     */
    public synchronized void resume(AgentPort run) {
        requirePresent(run);
        resume();
    }

    /**
     * As {@link #pause()}, for one run only.
     *
     * @param run the {@link #agent()} of that run
     * @throws IllegalStateException also if another run has begun since, which goes on untouched
     */
    public synchronized void pause(AgentPort run) {
        requirePresent(run);
        pause();
    }

    /** With the lock, under which a run begins. */
    private void requirePresent(AgentPort run) {
        if (devices.agent() != run) {
            throw new IllegalStateException("The machine " + name() + " was brought back to its snapshot");
        }
    }

    private void enter() {
        if (!occupancy.enter()) {
            throw new IllegalStateException("The machine " + name() + " has ended: " + endReason);
        }
    }

    /**
     * Writes memory and state into two new files. The machine must be paused, and its agent parked; it stays so.
     *
     * @param ram the file for the memory, sparse, exactly as large as it; must not exist
     * @param state the file for the rest; must not exist
     * @throws IOException if they cannot be written
     * @throws IllegalStateException if the machine runs or has ended
     */
    public synchronized void capture(Path ram, Path state) throws IOException {
        enter();
        try {
            state().write(state);
            core.ram().capture(ram);
        } finally {
            occupancy.leave();
        }
    }

    /**
     * Writes what a disk holds now, with what this run has written, into a new sparse file. The machine must be paused, and stays so.
     *
     * @param volume the number of the disk, as in the shape
     * @param target the file; must not exist
     * @throws IOException if it cannot be written
     * @throws IllegalStateException if the machine runs or has ended
     */
    public synchronized void copyVolume(int volume, Path target) throws IOException {
        enter();
        try {
            core.expectPausedAlive();
            disks.copyVolume(volume, target);
        } finally {
            occupancy.leave();
        }
    }

    /** All but the memory. Paused, and not ended. */
    synchronized MachineState state() {
        return new MachineState(shape, core.capture(), devices.save());
    }

    /** Its devices, for tests. */
    Devices devices() {
        return devices;
    }

    /** Its memory, for tests. */
    GuestRam ram() {
        return core.ram();
    }

    /**
     * Stops the machine and brings memory, vCPUs, clock and devices back to what it was restored from. It is paused then, with a new {@link #agent()}; the port of
     * before is closed, and threads that wait there are told.
     *
     * @throws IllegalStateException if it was booted, or has ended
     * @throws LinuxException if the system refuses; the machine is to be ended then
     */
    public synchronized void rewind() {
        MachineState state = origin;
        if (state == null) {
            throw new IllegalStateException(
                    "The machine " + name() + " was booted, so it has nothing to be brought back to");
        }
        enter();
        try {
            pause();
            core.reset(state.core());
            devices.restore(state.devices());
            devices.renewAgent();
        } finally {
            occupancy.leave();
        }
    }

    /**
     * Tells the guest that it is one of several copies. After a restore or a rewind, before it runs.
     *
     * @param id {@value GenerationDevice#LENGTH} random bytes
     * @throws IllegalStateException if the machine has ended
     */
    public synchronized void renewGeneration(byte[] id) {
        enter();
        try {
            devices.renewGeneration(id);
        } finally {
            occupancy.leave();
        }
    }

    /**
     * As {@link #renewGeneration(byte[])}, for one run only.
     *
     * @param run the {@link #agent()} of that run
     * @param id {@value GenerationDevice#LENGTH} random bytes
     * @throws IllegalStateException also if another run has begun since, which goes on untouched
     */
    public synchronized void renewGeneration(AgentPort run, byte[] id) {
        requirePresent(run);
        renewGeneration(id);
    }

    /**
     * Whether it runs or is paused.
     *
     * @return false once it has ended
     */
    public boolean isAlive() {
        return ended.getCount() > 0;
    }

    /**
     * Why it has ended.
     *
     * @return a clause without a full stop; empty as long as it has not
     */
    public String endReason() {
        return endReason;
    }

    /**
     * Waits until it has ended.
     *
     * @param limit how long at most; an interrupt ends the wait too, and the thread stays interrupted
     * @return whether it has
     */
    public boolean awaitEnd(Duration limit) {
        try {
            return ended.await(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return !isAlive();
        }
    }

    /**
     * Ends it, if it has not ended, and gives back what it has, in the background. Further calls do nothing.
     *
     * @param reason why, a clause without a full stop
     */
    public void end(String reason) {
        core.end(new MachineEnd(reason));
        synchronized (ended) {
            if (shutDown) {
                return;
            }
            shutDown = true;
        }
        devices.endAgent();
        // If a vCPU does not stop, it may be in a device and in the memory: better to keep all of it than to pull it
        // away. No thread waits for that, so that no other machine does.
        gone = occupancy
                .close()
                .thenCompose(nobody -> core.stopLater())
                .thenComposeAsync(done -> giveBack(), Closing.EXECUTOR);
    }

    /** One after the other, as they are closed by one thread; all of them, even if one fails. */
    private CompletableFuture<Void> giveBack() {
        CompletableFuture<Void> devicesGone = Closing.later(List.of(devices));
        CompletableFuture<Void> coreGone = core.closeLater();
        CompletableFuture<Void> sourceGone = Closing.later(source == null ? List.of() : List.of(source));
        return CompletableFuture.allOf(devicesGone, coreGone, sourceGone);
    }

    /**
     * Completed when all that it had is given back, exceptionally if some of it could not be; never if a vCPU never stops; null as long as nobody has ended it.
     */
    @Nullable
    CompletableFuture<Void> gone() {
        return gone;
    }

    /** On the thread of a vCPU, or of who ended it. */
    private void hasEnded(MachineEnd end) {
        devices.flushConsole();
        endReason = end.reason();
        ended.countDown();
        devices.endAgent();
    }

    @Override
    public String toString() {
        return "virtual machine '" + name() + "'";
    }
}
