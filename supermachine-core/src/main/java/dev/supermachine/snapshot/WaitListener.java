package dev.supermachine.snapshot;

/** Told when a bake has to wait for another process or thread. */
@FunctionalInterface
public interface WaitListener {

    /**
     * Somebody else is baking. Called once for each one that is waited for, from the thread that waits.
     *
     * @param message who it is and what it bakes, a sentence without a full stop
     */
    void waiting(String message);
}
