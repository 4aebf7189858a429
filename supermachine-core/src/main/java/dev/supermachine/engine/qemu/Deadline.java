package dev.supermachine.engine.qemu;

import java.time.Duration;

/** A point in time after which waiting ends, with the length of the wait for messages. */
record Deadline(Duration length, long nanoTime) {

    static Deadline in(Duration length) {
        return new Deadline(length, System.nanoTime() + length.toNanos());
    }

    boolean isOver() {
        return nanoTime - System.nanoTime() <= 0;
    }

    /** What is left, in whole milliseconds, at least 1: a selector takes 0 for "for ever". */
    long remainingMillis() {
        return Math.max(1, (nanoTime - System.nanoTime()) / 1_000_000);
    }

    /** For messages. */
    String seconds() {
        return length.toMillis() % 1000 == 0 ? length.toSeconds() + " s" : length.toMillis() + " ms";
    }
}
