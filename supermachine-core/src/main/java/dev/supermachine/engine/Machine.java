package dev.supermachine.engine;

import java.nio.file.Path;

/** A running machine. Methods may be called from any thread; {@link #close()} at any time, also while others are waiting. */
public interface Machine extends AutoCloseable {

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
     * Brings the machine back to its snapshot and lets it run.
     *
     * @param activation as for {@link Prepared#activate(Activation)}
     * @throws UnsupportedOperationException without {@link Capability#RESET_IN_PLACE}
     * @throws dev.supermachine.EngineException if it fails; the machine is to be closed then
     */
    void reset(Activation activation);

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
     * For messages about a machine that does not answer any more: the end of its console and, if it has ended, why.
     *
     * @param lines how many lines of the console at most
     * @return the text; empty if the console is and the machine has not ended
     */
    default String lastWords(int lines) {
        String tail = console().tail(lines);
        if (isAlive()) {
            return tail;
        }
        return tail + (tail.isEmpty() || tail.endsWith("\n") ? "" : "\n") + "[" + endReason() + "]";
    }

    /** Ends the machine. Returns at once; what takes time happens in the background. Further calls do nothing. */
    @Override
    void close();
}
