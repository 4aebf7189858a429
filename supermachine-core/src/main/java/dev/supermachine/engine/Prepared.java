package dev.supermachine.engine;

import java.util.function.Function;

/** A machine that is restored but does not run yet. Used by one thread at a time. */
public interface Prepared extends AutoCloseable {

    /**
     * Lets the machine run for as long as something takes, then stops it again, before its activation: what its guest has done once it does faster. What is
     * done must leave no trace that a test could see. By one thread, and not at the same time as {@link #activate(Activation)}.
     *
     * @param part what is done; it may talk to the machine's agent, and neither pauses nor closes the machine, which is the one that
     *     {@link #activate(Activation)} returns as far as its agent and console go
     * @param <T> what comes of it
     * @return what came of it
     * @throws dev.supermachine.EngineException if the machine does not run, or ended while it waited
     * @throws IllegalStateException if it was activated or closed before
     */
    <T> T rehearse(Function<? super Machine, T> part);

    /**
     * Lets the machine run, once. Its agent is parked and waits for the activation as its first bytes; sending them over {@link Machine#agent()} is the
     * caller's next step.
     *
     * @param activation what distinguishes this run; an engine with a generation device gives the guest an identifier of its own as well
     * @return the running machine, which now owns all that this object held
     * @throws dev.supermachine.EngineException if it does not run, or ended while it waited
     * @throws IllegalStateException if it was activated or closed before
     */
    Machine activate(Activation activation);

    /**
     * Whether it can still be activated.
     *
     * @return false once its process has ended or it was activated or closed
     */
    boolean isAlive();

    /** Gives up the machine if it was not activated. Further calls do nothing. */
    @Override
    void close();
}
