package dev.supermachine.engine.kvm;

import dev.supermachine.EngineException;
import dev.supermachine.engine.Channel;
import dev.supermachine.engine.Console;
import dev.supermachine.engine.ConsoleRing;
import dev.supermachine.engine.Evidence;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.MachineSpec;
import dev.supermachine.engine.Prepared;
import dev.supermachine.engine.SnapshotSource;
import dev.supermachine.kvm.KvmException;
import dev.supermachine.linux.LinuxException;
import dev.supermachine.vmm.KernelFormatException;
import dev.supermachine.vmm.MachineShape;
import dev.supermachine.vmm.StateFormatException;
import dev.supermachine.vmm.VirtualMachine;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** One run of a virtual machine: from its boot, or from a snapshot until it is brought back to it or ends. */
final class KvmMachine implements Machine {

    /** The files of a snapshot. */
    static final String RAM_FILE = "ram";

    static final String STATE_FILE = "state";

    private static final String STILL_RUNNING = "still running";

    private static final SecureRandom RANDOM = new SecureRandom();

    private final VirtualMachine vm;

    /** What it was booted with; null if it was restored. */
    private final @Nullable MachineSpec booted;

    private final ConsoleRing console = new ConsoleRing();
    private final KvmChannel agent;

    /** Whether somebody wants it to outlive this JVM, which it cannot. */
    private final boolean wantsDetaching;

    private final JvmTraces traces;

    /** Whose the virtual machine is. */
    private enum Owner {
        THIS,
        /** Another run has taken it over, or is about to. */
        NEXT,
        /** It was given back. */
        NOBODY
    }

    /** Changed in one step, so that of a {@link #close} and a {@link #rewind} at once only one gets it. */
    private final AtomicReference<Owner> owner = new AtomicReference<>(Owner.THIS);

    private KvmMachine(VirtualMachine vm, @Nullable MachineSpec booted, boolean wantsDetaching) {
        this.vm = vm;
        this.booted = booted;
        this.wantsDetaching = wantsDetaching;
        this.traces = new JvmTraces(vm.name(), console);
        this.agent = new KvmChannel(vm.agent());
        vm.printTo(console::append);
    }

    static Machine boot(MachineSpec spec) {
        String what = "Cannot boot machine '" + spec.name() + "'";
        try {
            VirtualMachine vm = VirtualMachine.boot(
                    new MachineShape(spec.name(), spec.memoryMib(), spec.vcpus(), spec.rootImage(), spec.volumes()),
                    spec.kernel(),
                    spec.initrd(),
                    spec.kernelArguments());
            KvmMachine machine = new KvmMachine(vm, spec, false);
            try {
                machine.resume();
                return machine;
            } catch (EngineException e) {
                machine.close();
                throw e;
            }
        } catch (IOException | LinuxException | KvmException | KernelFormatException | IllegalArgumentException e) {
            throw new EngineException(what + ": " + e.getMessage(), e);
        }
    }

    static Prepared restore(SnapshotSource snapshot) {
        String what = "Cannot restore machine '" + snapshot.name() + "' from " + snapshot.directory();
        try {
            VirtualMachine vm = VirtualMachine.restore(
                    new MachineShape(
                            snapshot.name(),
                            snapshot.memoryMib(),
                            snapshot.vcpus(),
                            snapshot.rootImage(),
                            snapshot.volumes()),
                    snapshot.directory().resolve(RAM_FILE),
                    snapshot.directory().resolve(STATE_FILE));
            return new KvmPrepared(new KvmMachine(vm, null, snapshot.detachable()));
        } catch (StateFormatException e) {
            throw new EngineException(
                    what + ": its state cannot be read: " + e.getMessage()
                            + ". The snapshot is damaged; bake it again.",
                    e);
        } catch (IOException | LinuxException | KvmException | IllegalArgumentException | IllegalStateException e) {
            throw new EngineException(what + ": " + e.getMessage(), e);
        }
    }

    String name() {
        return vm.name();
    }

    @Override
    public Channel agent() {
        return agent;
    }

    @Override
    public Console console() {
        return console;
    }

    @Override
    public void pause() {
        requireAlive("pause");
        attempt("pause", () -> vm.pause(agent.port()));
    }

    @Override
    public void resume() {
        requireAlive("resume");
        attempt("resume", () -> vm.resume(agent.port()));
    }

    @Override
    public void capture(Path directory) {
        String what = "Cannot capture machine '" + name() + "' into " + directory;
        if (booted == null) {
            throw new EngineException(what + ": it was restored from a snapshot, and only a booted machine is captured."
                    + " Boot one and bring it to the wanted state.");
        }
        pause();
        try {
            vm.capture(directory.resolve(RAM_FILE), directory.resolve(STATE_FILE));
        } catch (IOException | LinuxException | KvmException | IllegalStateException e) {
            throw failure(what, String.valueOf(e.getMessage()), e);
        }
        vm.end("captured");
    }

    @Override
    public void copyVolume(int volume, Path target) {
        String what = "Cannot copy disk " + volume + " of machine '" + name() + "' to " + target;
        requireAlive("copy a disk of");
        try {
            vm.copyVolume(volume, target);
        } catch (IOException | IndexOutOfBoundsException | IllegalStateException e) {
            throw failure(what, String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public Prepared rewind() {
        String what = "Cannot bring machine '" + name() + "' back to its snapshot";
        if (booted != null) {
            throw new EngineException(what + ": it was booted, not restored.");
        }
        requireAlive("rewind");
        if (!owner.compareAndSet(Owner.THIS, Owner.NEXT)) {
            throw failure(what, "it does not run any more", null); // since a moment ago
        }
        try {
            vm.rewind();
        } catch (RuntimeException | InternalError e) {
            // The JVM says the latter where the memory's file has lost a page.
            notRewound();
            throw failure(what, String.valueOf(e.getMessage()), e);
        } catch (Error e) {
            notRewound();
            throw e;
        }
        return new KvmPrepared(new KvmMachine(vm, null, wantsDetaching));
    }

    /** The virtual machine is half of this run and half of the next, and nobody else would end it. */
    private void notRewound() {
        vm.end("it could not be brought back to its snapshot");
        owner.set(Owner.THIS);
    }

    /** Tells the guest that it is a copy, and lets it run. */
    void begin() {
        byte[] id = new byte[16];
        RANDOM.nextBytes(id);
        attempt("activate", () -> vm.renewGeneration(agent.port(), id));
        resume();
    }

    /** It may end at any moment, also between the look and the step. */
    private void attempt(String verb, Runnable step) {
        try {
            step.run();
        } catch (IllegalStateException | LinuxException | KvmException e) {
            throw failure("Cannot " + verb + " machine '" + name() + "'", String.valueOf(e.getMessage()), e);
        }
    }

    private boolean isRewound() {
        return owner.get() == Owner.NEXT;
    }

    @Override
    public boolean isAlive() {
        return !isRewound() && vm.isAlive();
    }

    @Override
    public String endReason() {
        return isRewound() ? "brought back to its snapshot" : vm.isAlive() ? STILL_RUNNING : vm.endReason();
    }

    @Override
    public Traces leaveTraces() {
        requireAlive("keep");
        return traces.leave(wantsDetaching);
    }

    @Override
    public void detach() {
        throw new EngineException(traces.noDetaching());
    }

    @Override
    public boolean awaitEnd(Duration limit) {
        return isRewound() || vm.awaitEnd(limit);
    }

    @Override
    public void close() {
        if (owner.compareAndSet(Owner.THIS, Owner.NOBODY)) {
            agent.close();
            vm.end("closed");
            traces.remove();
        }
    }

    @Override
    public String toString() {
        return "KVM machine '" + name() + "'";
    }

    private void requireAlive(String verb) {
        if (!isAlive()) {
            throw failure("Cannot " + verb + " machine '" + name() + "'", "it does not run any more", null);
        }
    }

    /** What went wrong, with the story of the machine. */
    EngineException failure(String what, String why, @Nullable Throwable cause) {
        String end = isAlive() ? "" : " The machine has ended: " + endReason() + ".";
        return new EngineException(what + ": " + why + "." + end + Evidence.ofConsole(console.text()), cause);
    }
}
