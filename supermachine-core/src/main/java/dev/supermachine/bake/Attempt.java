package dev.supermachine.bake;

import java.util.Optional;

/** One try at something that answers with success or failure: asked again and again, it never waits. Used by one thread. */
interface Attempt extends AutoCloseable {

    /** How it ended; empty while it goes on. */
    Optional<Outcome> poll();

    /** Gives it up, if it goes on. */
    @Override
    void close();

    /**
     * How a try ended.
     *
     * @param met whether with what was awaited
     * @param seen what was seen, as the end of a sentence that begins with "the last"
     */
    record Outcome(boolean met, String seen) {}
}
