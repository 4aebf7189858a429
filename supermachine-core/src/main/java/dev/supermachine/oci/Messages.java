package dev.supermachine.oci;

import dev.supermachine.text.ForeignText;
import java.util.Locale;

/** How foreign text appears in messages. */
final class Messages {

    private static final int LIMIT = 120;
    private static final int REASON_LIMIT = 500; // there may be a path in it

    private Messages() {}

    /** Text from outside as part of a sentence. */
    static String excerpt(String text) {
        return ForeignText.line(text, LIMIT);
    }

    /** What an exception says, or else what it is, as part of a sentence: libraries quote what others sent. */
    static String reason(Throwable failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank()
                ? failure.getClass().getSimpleName()
                : ForeignText.line(message, REASON_LIMIT);
    }

    /** A number of bytes for people: {@code 512 B}, {@code 1.5 MB}. */
    static String size(long bytes) {
        if (bytes < 1000) {
            return bytes + " B";
        }
        String[] units = {"kB", "MB", "GB", "TB", "PB", "EB"};
        double value = bytes;
        int unit = -1;
        do {
            value /= 1000;
            unit++;
        } while (value >= 999.95 && unit < units.length - 1);
        return String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
    }
}
