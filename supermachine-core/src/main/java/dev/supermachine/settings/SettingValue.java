package dev.supermachine.settings;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A value somebody set, and its forms.
 *
 * @param origin where it was found, such as {@code system property supermachine.cache.dir}
 * @param text the value, neither blank nor with blanks around it
 */
record SettingValue(String origin, String text) {

    private static final Pattern QUANTITY = Pattern.compile("(\\d{1,18})\\s*([A-Za-z]*)");

    private static final Map<String, Long> MILLIS =
            Map.of("ms", 1L, "s", 1_000L, "min", 60_000L, "h", 3_600_000L, "d", 86_400_000L);

    private static final Map<String, Long> BYTES =
            Map.of("", 1L, "b", 1L, "kib", 1L << 10, "mib", 1L << 20, "gib", 1L << 30, "tib", 1L << 40);

    Path asPath() {
        String expected = "an absolute path";
        try {
            Path path = Path.of(text);
            if (path.isAbsolute()) {
                return path.normalize();
            }
        } catch (InvalidPathException e) {
            throw wrong(expected, e);
        }
        throw wrong(expected, null);
    }

    Duration asDuration() {
        long millis = quantity(MILLIS, "a positive duration such as 500 ms, 90 s, 3 min, 2 h or 30 d");
        return Duration.ofMillis(millis);
    }

    long asBytes() {
        return quantity(BYTES, "a positive size such as 1073741824, 512 MiB or 20 GiB");
    }

    int asInteger(int least, int most) {
        String expected = "a whole number from " + least + " to " + most;
        try {
            int number = Integer.parseInt(text);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw wrong(expected, e);
        }
        throw wrong(expected, null);
    }

    /** Pairs with {@code =} between their parts and commas between them; what has the same left side comes together. */
    Map<String, List<String>> asLists() {
        Map<String, List<String>> result = new LinkedHashMap<>();
        for (String pair : text.split(",", -1)) {
            int equals = pair.indexOf('=');
            String left = equals < 0 ? "" : pair.substring(0, equals).strip();
            String right = pair.substring(equals + 1).strip();
            if (left.isEmpty() || right.isEmpty() || right.contains("=") || right.contains("://")) {
                throw wrong("a list such as docker.io=mirror.example:5000/proxy, quay.io=mirror.example", null);
            }
            result.computeIfAbsent(left, key -> new ArrayList<>()).add(right);
        }
        return result;
    }

    /** A constant by its name, in whatever case. */
    <E extends Enum<E>> E asOneOf(Class<E> type) {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equalsIgnoreCase(text)) {
                return constant;
            }
        }
        String names = Arrays.stream(type.getEnumConstants())
                .map(constant -> constant.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        throw wrong("one of " + names, null);
    }

    private long quantity(Map<String, Long> units, String expected) {
        Matcher matcher = QUANTITY.matcher(text);
        if (!matcher.matches()) {
            throw wrong(expected, null);
        }
        Long unit = units.get(matcher.group(2).toLowerCase(Locale.ROOT));
        long number = Long.parseLong(matcher.group(1));
        if (unit == null || number == 0) {
            throw wrong(expected, null);
        }
        try {
            return Math.multiplyExact(number, unit);
        } catch (ArithmeticException e) {
            throw wrong(expected, e);
        }
    }

    private IllegalArgumentException wrong(String expected, @Nullable Throwable cause) {
        return new IllegalArgumentException(
                "The " + origin + " should be " + expected + ", but was: '" + text + "'", cause);
    }
}
