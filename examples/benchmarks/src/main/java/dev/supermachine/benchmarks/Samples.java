package dev.supermachine.benchmarks;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What was measured of one thing, in the order it came. Thread-safe. */
final class Samples {

    private final List<Double> values = new ArrayList<>();

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

    /** The smallest value that at least so many per cent of all do not exceed (the nearest rank). */
    synchronized double percentile(int percent) {
        if (values.isEmpty()) {
            throw new IllegalStateException("Nothing was measured");
        }
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        int rank = (sorted.size() * percent + 99) / 100;
        return sorted.get(Math.max(1, rank) - 1);
    }
}
