package dev.supermachine.oci;

import java.time.Duration;

/**
 * How a registry is asked again after it said that it is busy (429) or in trouble (5xx), or after a connection broke. The time between two attempts doubles, is
 * shortened by chance to between a half and the whole of itself, and is never shorter than what a registry asks for with {@code Retry-After}.
 *
 * @param retries how often something is asked again without any progress in between; 0 for never
 * @param first the time before the first retry
 * @param longest the longest time between two attempts that is chosen here
 * @param total how long all waits for one answer may take together; a registry that asks for more is not waited for
 * @since 0.1
 */
public record RetryPolicy(int retries, Duration first, Duration longest, Duration total) {

    /** Asks once. */
    public static final RetryPolicy NEVER = new RetryPolicy(0, Duration.ZERO, Duration.ZERO, Duration.ZERO);

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is negative
     */
    public RetryPolicy {
        if (retries < 0 || first.isNegative() || longest.isNegative() || total.isNegative()) {
            throw new IllegalArgumentException("Retries and times must not be negative, but were: " + retries + ", "
                    + first + ", " + longest + ", " + total);
        }
    }

    /**
     * Five retries, 500 ms before the first, at most 10 s between two, 60 s in all.
     *
     * @return the default
     */
    public static RetryPolicy defaults() {
        return new RetryPolicy(5, Duration.ofMillis(500), Duration.ofSeconds(10), Duration.ofSeconds(60));
    }
}
