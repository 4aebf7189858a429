package dev.supermachine.engine;

import java.time.Clock;
import java.time.Instant;
import java.util.Map;

/**
 * What distinguishes one run of a snapshot from every other: sent to the guest as its first bytes, before any user code is thawed.
 *
 * @param epoch the number of this run, greater than that of every run before of the same machine; frames of another epoch are dropped
 * @param entropy 32 fresh random bytes for the guest's generator
 * @param clock read at the last moment for the guest's wall clock
 * @param hostName the guest's host name
 * @param environment variables for whatever starts in the guest from now on
 */
@SuppressWarnings("ArrayRecordComponent") // copied on the way in and out
public record Activation(int epoch, byte[] entropy, Clock clock, String hostName, Map<String, String> environment) {

    /** How many bytes of entropy an activation carries. */
    public static final int ENTROPY_BYTES = 32;

    /**
     * Checks the entropy's length and copies what is mutable.
     *
     * @throws IllegalArgumentException if the entropy is not {@value #ENTROPY_BYTES} bytes long
     */
    public Activation {
        if (entropy.length != ENTROPY_BYTES) {
            throw new IllegalArgumentException(
                    "An activation carries " + ENTROPY_BYTES + " bytes of entropy, but got " + entropy.length);
        }
        entropy = entropy.clone();
        environment = Map.copyOf(environment);
    }

    /**
     * A copy of the entropy.
     *
     * @return {@value #ENTROPY_BYTES} bytes
     */
    @Override
    public byte[] entropy() {
        return entropy.clone();
    }

    /**
     * The wall clock's time now.
     *
     * @return the instant to set in the guest
     */
    public Instant wallClock() {
        return clock.instant();
    }
}
