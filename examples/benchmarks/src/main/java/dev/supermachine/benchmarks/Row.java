package dev.supermachine.benchmarks;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One line of the table.
 *
 * @param name what was measured, as {@code bin/bench} is asked for it
 * @param unit of all figures
 * @param ours what the library did
 * @param peer what did the same beside it, in a few words; empty without one
 * @param peers what that took, null without one
 * @param goal what the row is held to
 * @param notMeasured why there are no samples, null if there are
 */
record Row(
        String name,
        String unit,
        Samples ours,
        String peer,
        @Nullable Samples peers,
        Goal goal,
        @Nullable String notMeasured) {

    /** One that was measured. */
    Row(String name, String unit, Samples ours, String peer, @Nullable Samples peers, Goal goal) {
        this(name, unit, ours, peer, peers, goal, null);
    }

    /** One that could not be measured. */
    static Row notMeasured(String name, String unit, Goal goal, String reason) {
        return new Row(name, unit, new Samples(), "", null, goal, reason);
    }

    double ratio() {
        return peers == null ? Double.NaN : ours.p50() / peers.p50();
    }

    /** Null if there is no goal, or nothing to compare with it. */
    @Nullable
    Boolean met() {
        if (goal.isNone() || notMeasured != null) {
            return null;
        }
        return goal.isMet(ours.p50(), peers == null ? Double.NaN : peers.p50());
    }

    /** The members of its object in the file of results; what it does not have is null. */
    Map<String, @Nullable Object> members() {
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        members.put("name", name);
        if (notMeasured != null) {
            members.put("not_measured", notMeasured);
            return members;
        }
        members.put("samples", ours.count());
        members.put("p50", rounded(ours.p50()));
        members.put("p99", rounded(ours.p99()));
        members.put("unit", unit);
        members.put("peer", peer.isEmpty() ? null : peer);
        members.put("peer_p50", peers == null ? null : rounded(peers.p50()));
        members.put("ratio", peers == null ? null : rounded(ratio()));
        members.put("goal", goal.isNone() ? null : goal.text(unit));
        members.put("met", met());
        return members;
    }

    String[] cells() {
        if (notMeasured != null) {
            return new String[] {name, "0", "", "", unit, "not measured: " + notMeasured, "", "", goal.text(unit), ""};
        }
        Boolean met = met();
        return new String[] {
            name,
            Integer.toString(ours.count()),
            text(ours.p50()),
            text(ours.p99()),
            unit,
            peer,
            peers == null ? "" : text(peers.p50()),
            peers == null ? "" : String.format(Locale.ROOT, "%.2f", ratio()),
            goal.text(unit),
            met == null ? "" : met ? "yes" : "NO"
        };
    }

    private static double rounded(double value) {
        return Math.round(value * 1000) / 1000.0;
    }

    private static String text(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.2f" : value < 1000 ? "%.1f" : "%.0f", value);
    }
}
