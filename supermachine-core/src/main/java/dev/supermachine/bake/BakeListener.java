package dev.supermachine.bake;

/**
 * Told how a bake goes on, by the thread that bakes. Its methods return quickly and do not throw.
 *
 * @since 0.1
 */
public interface BakeListener {

    /** Hears everything and says nothing. */
    BakeListener SILENT = new BakeListener() {};

    /**
     * Something begins, and what came before has ended. A boot that is tried again begins again; work after a warm-up counts to it.
     *
     * @param phase what begins
     */
    default void began(BakePhase phase) {}

    /**
     * Another process or thread bakes the same, and is waited for.
     *
     * @param message who it is, a sentence without a full stop
     */
    default void waiting(String message) {}
}
