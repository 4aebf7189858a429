package dev.supermachine.engine;

import java.time.Duration;

/**
 * A moment by which something is to have happened, with the length of the wait for messages. Immutable and thread-safe.
 *
 * @since 0.1
 */
public final class Deadline {

    /** Longer than anybody waits, and far from overflow. */
    private static final Duration LONGEST = Duration.ofDays(10_000);

    private final Duration length;
    private final long start = System.nanoTime();
    private final long nanos;

    private Deadline(Duration length) {
        this.length = length;
        if (length.isNegative()) {
            this.nanos = 0;
        } else {
            this.nanos = length.compareTo(LONGEST) > 0 ? LONGEST.toNanos() : length.toNanos();
        }
    }

    /**
     * A moment from now on.
     *
     * @param length how long from now; negative is now, and more than 10,000 days is 10,000 days
     * @return the deadline
     */
    public static Deadline in(Duration length) {
        return new Deadline(length);
    }

    /**
     * What is left.
     *
     * @return nanoseconds, zero or less when it is over
     */
    public long left() {
        return nanos - (System.nanoTime() - start);
    }

    /**
     * What is left, as a duration.
     *
     * @return zero when it is over
     */
    public Duration remaining() {
        return Duration.ofNanos(Math.max(0, left()));
    }

    /**
     * What is left, for a selector, which takes 0 for "for ever".
     *
     * @return whole milliseconds, at least 1
     */
    public long remainingMillis() {
        return Math.max(1, left() / 1_000_000);
    }

    /**
     * Whether it has passed.
     *
     * @return true if nothing is left
     */
    public boolean isOver() {
        return left() <= 0;
    }

    /**
     * For messages.
     *
     * @return how long was waited, such as {@code 30 s} or {@code 1500 ms}
     */
    @Override
    public String toString() {
        long millis = length.compareTo(LONGEST) > 0 ? LONGEST.toMillis() : length.toMillis();
        return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
    }
}
