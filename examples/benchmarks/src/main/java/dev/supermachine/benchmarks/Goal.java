package dev.supermachine.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * What a row is held to.
 *
 * @param p50 the largest median, in the row's unit
 * @param ratio how many times the peer's median ours may be
 */
record Goal(OptionalDouble p50, OptionalDouble ratio) {

    /** A row that is only stated. */
    static Goal none() {
        return new Goal(OptionalDouble.empty(), OptionalDouble.empty());
    }

    static Goal atMost(double p50) {
        return new Goal(OptionalDouble.of(p50), OptionalDouble.empty());
    }

    static Goal timesThePeer(double ratio) {
        return new Goal(OptionalDouble.empty(), OptionalDouble.of(ratio));
    }

    Goal andTimesThePeer(double limit) {
        return new Goal(p50, OptionalDouble.of(limit));
    }

    boolean isNone() {
        return p50.isEmpty() && ratio.isEmpty();
    }

    boolean isMet(double measured, double peer) {
        return (p50.isEmpty() || measured <= p50.getAsDouble())
                && (ratio.isEmpty() || measured <= ratio.getAsDouble() * peer);
    }

    String text(String unit) {
        List<String> parts = new ArrayList<>();
        p50.ifPresent(limit -> parts.add(String.format(Locale.ROOT, "<= %.0f %s", limit, unit)));
        ratio.ifPresent(limit -> parts.add(String.format(Locale.ROOT, "<= %.1fx", limit)));
        return String.join(", ", parts);
    }
}
