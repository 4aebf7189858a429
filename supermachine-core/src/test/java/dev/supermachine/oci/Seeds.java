package dev.supermachine.oci;

import java.util.Random;

/** Numbered random sources: a failure names its number, and the number brings the same input back. */
final class Seeds {

    private static final long BASE = Long.getLong("supermachine.test.seed", 20_261_124L);

    private Seeds() {}

    static Random random(int number) {
        return new Random(BASE + number * 0x9E3779B97F4A7C15L);
    }
}
