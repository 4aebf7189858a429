package dev.supermachine.engine;

import dev.supermachine.EngineException;
import java.nio.file.Path;
import java.time.Duration;

/** A running machine. Methods may be called from any thread; {@link #close()} at any time, also while others are waiting. */
public interface Machine extends AutoCloseable {

    /** In the directory of a detached machine: the unix socket at which its agent's client is to connect. */
    String AGENT_SOCKET = "a";

    /** In the directory of a detached machine: the unix socket at which its console is to be read. */
    String CONSOLE_SOCKET = "c";

    /** In the directory of a detached machine: the machine ends when no process holds a lock on this file any more. */
    String LOCK_FILE = "lock";

    /**
     * The byte channel to the guest's agent. One reader and one writer at a time.
     *
     * @return the same channel on every call
     */
    Channel agent();

    /**
     * What the guest's kernel and agent print.
     *
     * @return the boot console
     */
    Console console();

    /**
     * Stops the vCPUs.
     *
     * @throws dev.supermachine.EngineException if the machine has ended
     */
    void pause();

    /**
     * Lets the vCPUs run again.
     *
     * @throws dev.supermachine.EngineException if the machine has ended
     */
    void resume();

    /**
     * Writes memory and device state, for {@link Hypervisor#prepare(SnapshotSource)}. The machine is paused first and never runs again: afterwards it has
     * ended or stays paused, as suits the engine, and is only to be closed. Only for a machine from {@link Hypervisor#boot(MachineSpec)}, whose agent is
     * parked.
     *
     * @param directory the specification's directory, which then holds all that a restore needs besides the root image, and nothing else
     * @throws dev.supermachine.EngineException if it fails
     */
    void capture(Path directory);

    /**
     * Writes what one of the machine's disks holds, with what this run has written, into a new sparse file. The machine must be paused, and stays so; what the guest
     * has in its memory and not on the disk yet is not in it.
     *
     * @param volume the number of the disk, as in {@link MachineSpec#volumes()} or {@link SnapshotSource#volumes()}
     * @param target the file; must not exist
     * @throws dev.supermachine.EngineException if it fails, or the machine has no such disk
     */
    void copyVolume(int volume, Path target);

    /**
     * Stops the machine and brings it back to its snapshot, as if {@link Hypervisor#prepare(SnapshotSource)} had just returned it: memory, processors, disks
     * and devices. Only for a machine from {@link Prepared#activate(Activation)}.
     *
     * <p>The guest executes nothing more once this has returned. What it runs as next has a channel to its agent and a console of its own, in which is nothing
     * of before; the ones of this object have ended, as if closed, for whoever still reads or writes. They may have been closed before. After a success this
     * object is of no more use, and closing it does nothing.
     *
     * @return the machine, which owns all that this object held
     * @throws UnsupportedOperationException without {@link Capability#RESET_IN_PLACE}
     * @throws EngineException if it fails, or the machine has ended or was booted; it is to be closed then
     */
    default Prepared rewind() {
        throw new UnsupportedOperationException(
                "This engine cannot bring a running machine back to its snapshot; replace it by a prepared one");
    }

    /**
     * Whether the machine still runs or is paused.
     *
     * @return false once it has ended, in whatever way
     */
    boolean isAlive();

    /**
     * Why the machine ended.
     *
     * @return a phrase such as {@code "QEMU exited with status 1: …"}, or {@code "still running"}
     */
    String endReason();

    /**
     * Waits until the machine has ended by itself and all that its console printed is there.
     *
     * @param limit how long at most; an interrupt ends the wait too, and the thread stays interrupted
     * @return whether it has; an engine that cannot wait says how it is at this moment
     */
    default boolean awaitEnd(Duration limit) {
        return !isAlive();
    }

    /**
     * Writes what the console has printed, and goes on to print, into a file for people who look at the machine from outside.
     *
     * @return where to look
     * @throws EngineException if the file cannot be written, or the engine has nothing to show
     */
    default Traces leaveTraces() {
        throw new EngineException(
                "This engine's machines cannot be looked at from outside, so none of them can be kept.");
    }

    /**
     * Leaves the machine to another process, which holds a shared lock on {@link #LOCK_FILE} in the directory of {@link #leaveTraces()} already. That process
     * connects to the sockets there. Nothing must be on its way through {@link #agent()}. This object is of no more use.
     *
     * @throws EngineException if the machine was not made for it, or the engine cannot; the machine is to be closed then
     */
    default void detach() {
        throw new EngineException("This machine cannot be left to another process.");
    }

    /** Ends the machine. Returns at once; what takes time happens in the background. Further calls do nothing. */
    @Override
    void close();

    /**
     * Where to look at a machine from outside.
     *
     * @param pid the process that runs it
     * @param directory what belongs to it while it runs; only its user can enter
     * @param console the file in it that the console is written to
     * @param detachable whether {@link Machine#detach()} is possible
     */
    record Traces(long pid, Path directory, Path console, boolean detachable) {}
}
