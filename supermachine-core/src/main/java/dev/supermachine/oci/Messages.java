package dev.supermachine.oci;

import java.util.Locale;

/** How foreign text appears in messages. */
final class Messages {

    private static final int LIMIT = 120;

    private Messages() {}

    /** Text from outside, shortened, with control characters replaced, so that it can neither flood nor forge a log. */
    static String excerpt(String text) {
        StringBuilder result = new StringBuilder();
        int length = Math.min(text.length(), LIMIT);
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            result.append(Character.isISOControl(c) ? '?' : c);
        }
        return text.length() > LIMIT ? result + "..." : result.toString();
    }

    /** What an exception says, or else what it is. */
    static String reason(Throwable failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
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
