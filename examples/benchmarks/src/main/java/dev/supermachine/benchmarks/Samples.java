package dev.supermachine.benchmarks;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What was measured of one thing, in the order it came. Thread-safe. */
final class Samples {

    private final List<Double> values = new ArrayList<>();
    private final boolean rates;

    /** Of times or sizes, of which less is better. */
    Samples() {
        this(false);
    }

    private Samples(boolean rates) {
        this.rates = rates;
    }

    /** Of rates, of which more is better: 99 % of all are as fast as p99, or faster. */
    static Samples ofRates() {
        return new Samples(true);
    }

    synchronized void add(double value) {
        values.add(value);
    }

    /** Adds the milliseconds since a reading of {@link System#nanoTime()}. */
    void addMillisSince(long nanoTime) {
        add((System.nanoTime() - nanoTime) / 1e6);
    }

    synchronized int count() {
        return values.size();
    }

    double p50() {
        return percentile(50);
    }

    double p99() {
        return percentile(99);
    }

    /** The best value that at least so many per cent of all are as good as, or better (the nearest rank). */
    synchronized double percentile(int percent) {
        if (values.isEmpty()) {
            throw new IllegalStateException("Nothing was measured");
        }
        List<Double> sorted = new ArrayList<>(values);
        sorted.sort(rates ? Comparator.reverseOrder() : Comparator.naturalOrder());
        int rank = (sorted.size() * percent + 99) / 100;
        return sorted.get(Math.max(1, rank) - 1);
    }
}
