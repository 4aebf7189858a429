package dev.supermachine.guest;

import java.time.Duration;

/** A moment by which something is to have happened. */
final class Deadline {

    private final Duration timeout;
    private final long start = System.nanoTime();
    private final long nanos;

    private Deadline(Duration timeout) {
        this.timeout = timeout;
        this.nanos = nanos(timeout);
    }

    static Deadline in(Duration timeout) {
        return new Deadline(timeout);
    }

    /** Nanoseconds left, zero or less when it is over. */
    long left() {
        return nanos - (System.nanoTime() - start);
    }

    /** For messages: how long was waited. */
    @Override
    public String toString() {
        long millis = timeout.compareTo(Duration.ofDays(1)) > 0 ? Long.MAX_VALUE : timeout.toMillis();
        return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
    }

    private static long nanos(Duration timeout) {
        if (timeout.isNegative()) {
            return 0;
        }
        // Longer than anybody waits, and far from overflow.
        return timeout.compareTo(Duration.ofDays(10_000)) > 0
                ? Duration.ofDays(10_000).toNanos()
                : timeout.toNanos();
    }
}
