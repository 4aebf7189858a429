package dev.supermachine.tar;

import org.jspecify.annotations.Nullable;

/** Numbers and times as tar headers and pax records write them. Null stands for "not a number, or out of range". */
final class TarNumbers {

    private static final int NANOS = 1_000_000_000;
    private static final int NANOS_DIGITS = 9;
    private static final int SECONDS_DIGITS = 18;

    /** Seconds since the epoch, rounded down, and the nanoseconds above them. */
    record Time(long seconds, int nanos) {}

    private TarNumbers() {}

    /** A numeric header field: octal text padded with spaces and zero bytes (empty is 0), or GNU base-256, two's complement behind a set first bit. */
    static @Nullable Long field(byte[] block, Ustar.Field field) {
        int offset = field.offset();
        int length = field.length();
        return (block[offset] & 0x80) != 0 ? base256(block, offset, length) : octal(block, offset, length);
    }

    private static @Nullable Long base256(byte[] block, int offset, int length) {
        boolean negative = (block[offset] & 0x40) != 0;
        long value = negative ? -1 : 0;
        for (int i = 0; i < length; i++) {
            int digit = block[offset + i] & 0xff;
            if (i == 0) {
                digit = negative ? digit : digit & 0x7f;
            }
            long shifted = value << 8;
            if (shifted >> 8 != value) {
                return null;
            }
            value = shifted | digit;
        }
        return value;
    }

    private static @Nullable Long octal(byte[] block, int offset, int length) {
        int from = offset;
        int end = offset + length;
        while (from < end && (block[from] == ' ' || block[from] == 0)) {
            from++;
        }
        while (end > from && (block[end - 1] == ' ' || block[end - 1] == 0)) {
            end--;
        }
        long value = 0;
        for (int i = from; i < end && block[i] != 0; i++) {
            int digit = block[i] - '0';
            if (digit < 0 || digit > 7 || value >> 60 != 0) {
                return null;
            }
            value = value << 3 | digit;
        }
        return value;
    }

    /** A decimal number without sign. */
    static @Nullable Long decimal(String text) {
        if (text.isEmpty() || text.length() > SECONDS_DIGITS) {
            return null;
        }
        long value = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return null;
            }
            value = value * 10 + digit;
        }
        return value;
    }

    /** A pax time: decimal seconds, perhaps negative, perhaps with a fraction; digits below a nanosecond are cut off. */
    static @Nullable Time time(String text) {
        boolean negative = text.startsWith("-");
        String digits = negative ? text.substring(1) : text;
        int point = digits.indexOf('.');
        Long seconds = decimal(point < 0 ? digits : digits.substring(0, point));
        String fraction = point < 0 ? "" : digits.substring(point + 1);
        if (seconds == null || !fraction.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return null;
        }
        int nanos = 0;
        for (int i = 0; i < NANOS_DIGITS; i++) {
            nanos = nanos * 10 + (i < fraction.length() ? fraction.charAt(i) - '0' : 0);
        }
        if (!negative) {
            return new Time(seconds, nanos);
        }
        return nanos == 0 ? new Time(-seconds, 0) : new Time(-seconds - 1, NANOS - nanos);
    }

    /** A time as pax writes it, with all nine digits of the fraction. */
    static String text(long seconds, int nanos) {
        // Of a time before 1970 the fraction counts downwards in decimal notation.
        return seconds < 0 && nanos > 0
                ? "-" + (-seconds - 1) + "." + nine(NANOS - nanos)
                : seconds + "." + nine(nanos);
    }

    private static String nine(int nanos) {
        String text = Integer.toString(nanos);
        return "0".repeat(NANOS_DIGITS - text.length()) + text;
    }
}
