package dev.supermachine;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** What the values of a {@link Wait} must be like. Each check throws an IllegalArgumentException that has the value. */
final class WaitChecks {

    /** A request target in origin form (RFC 9112, section 3.2.1): whatever is not printable ASCII has to be percent-encoded. */
    private static final Pattern PATH = Pattern.compile("/[!-~]*");

    private WaitChecks() {}

    static void range(String what, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(what + " is " + least
                    + (most == Integer.MAX_VALUE ? " or more" : " to " + most) + ", but was: " + value);
        }
    }

    static void port(int port) {
        range("A port to wait for", port, 1, 65535);
    }

    static void timeout(Optional<Duration> timeout) {
        if (timeout.isPresent() && (timeout.get().isNegative() || timeout.get().isZero())) {
            throw new IllegalArgumentException("The time of a wait is positive, but was: " + timeout.get());
        }
    }

    static void regex(String regex) {
        try {
            Pattern.compile(regex);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "The expression of a wait cannot be compiled: '" + regex + "': " + e.getMessage(), e);
        }
    }

    static void command(List<String> argv) {
        if (argv.isEmpty() || argv.get(0).isEmpty()) {
            throw new IllegalArgumentException(
                    "A command to wait for needs at least the name of a program, but was: " + argv);
        }
        for (String word : argv) {
            if (word.indexOf('\0') >= 0) {
                throw new IllegalArgumentException("No word of a command to wait for can have a NUL, but one was: '"
                        + word.replace('\0', '\u2400') + "'");
            }
        }
    }

    static void path(String path) {
        if (!PATH.matcher(path).matches()) {
            throw new IllegalArgumentException(
                    "A path to wait for begins with '/' and has neither blanks nor what is not ASCII (percent-encode them), but was: '"
                            + path + "'");
        }
    }

    static void notEmpty(String which, List<Wait> waits) {
        if (waits.isEmpty()) {
            throw new IllegalArgumentException("A wait for " + which + " of several needs at least one, but has none");
        }
    }

    /** For texts: the time, if there is one. */
    static String within(Optional<Duration> timeout) {
        return timeout.map(time -> " within " + time.toMillis() + " ms").orElse("");
    }
}
