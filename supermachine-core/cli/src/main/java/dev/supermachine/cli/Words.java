package dev.supermachine.cli;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/** Figures for people. */
final class Words {

    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

    private Words() {}

    /** 45 gives {@code 45 ms}, 1234 {@code 1.2 s}, 319500 {@code 5 min 19 s}. */
    static String millis(long millis) {
        if (millis < 1000) {
            return millis + " ms";
        }
        return millis < 100_000
                ? millis / 1000 + "." + millis % 1000 / 100 + " s"
                : millis / 60_000 + " min " + millis % 60_000 / 1000 + " s";
    }

    /** 1536 gives {@code 1.5 KiB}. */
    static String bytes(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < UNITS.length - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0 ? bytes + " B" : String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
    }

    /** How long ago that was, in the largest unit that fits. */
    static String ago(Instant then, Instant now) {
        Duration age = Duration.between(then, now);
        if (age.toMinutes() < 1) {
            return "just now";
        }
        if (age.toHours() < 1) {
            return age.toMinutes() + " min ago";
        }
        return age.toDays() < 1 ? age.toHours() + " h ago" : age.toDays() + " d ago";
    }

    /** The beginning of a fingerprint, enough to name it by. */
    static String brief(String fingerprint) {
        return fingerprint.substring(0, Math.min(12, fingerprint.length()));
    }
}
