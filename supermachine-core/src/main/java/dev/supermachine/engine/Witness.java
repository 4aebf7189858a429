package dev.supermachine.engine;

import java.time.Duration;

/**
 * Who can tell what became of a machine, for messages about it. Thread-safe.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface Witness {

    /**
     * What the guest's console shows.
     *
     * @return the text, as far as it is known
     */
    String console();

    /**
     * Why the machine ended, if it did. Called when the connection to its agent has ended, which is seen a moment before the machine's end and its last words
     * are: this waits for both, for a moment.
     *
     * @return a phrase as from {@link Machine#endReason()}; empty if nothing is known, or the machine still runs
     */
    default String end() {
        return "";
    }

    /**
     * A machine itself.
     *
     * @param machine whose console and end it is
     * @return the witness
     */
    static Witness of(Machine machine) {
        return new Witness() {
            @Override
            public String console() {
                return machine.console().text();
            }

            @Override
            public String end() {
                return machine.awaitEnd(Duration.ofSeconds(2)) ? machine.endReason() : "";
            }
        };
    }
}
