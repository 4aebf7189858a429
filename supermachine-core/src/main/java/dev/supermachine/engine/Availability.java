package dev.supermachine.engine;

/**
 * Whether an engine can run machines here.
 *
 * @param usable whether it can
 * @param reason why, or why not and what to do about it, in words a user can act on
 */
public record Availability(boolean usable, String reason) {

    /**
     * A usable engine.
     *
     * @param reason what was found
     * @return the answer
     */
    public static Availability usable(String reason) {
        return new Availability(true, reason);
    }

    /**
     * An engine that cannot be used.
     *
     * @param reason why, and the next step
     * @return the answer
     */
    public static Availability unusable(String reason) {
        return new Availability(false, reason);
    }
}
