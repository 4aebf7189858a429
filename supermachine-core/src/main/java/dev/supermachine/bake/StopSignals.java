package dev.supermachine.bake;

import dev.supermachine.ImageException;
import java.util.Locale;
import java.util.Map;

/** Stop signals as image configurations write them, as numbers of Linux on x86-64 (signal(7)). */
final class StopSignals {

    private static final int TERM = 15;
    private static final int LAST = 64;

    private static final Map<String, Integer> NUMBERS = Map.ofEntries(
            Map.entry("HUP", 1),
            Map.entry("INT", 2),
            Map.entry("QUIT", 3),
            Map.entry("ABRT", 6),
            Map.entry("KILL", 9),
            Map.entry("USR1", 10),
            Map.entry("USR2", 12),
            Map.entry("PIPE", 13),
            Map.entry("ALRM", 14),
            Map.entry("TERM", TERM),
            Map.entry("CONT", 18),
            Map.entry("STOP", 19),
            Map.entry("TSTP", 20),
            Map.entry("WINCH", 28),
            Map.entry("PWR", 30));

    private StopSignals() {}

    /**
     * The number of a signal.
     *
     * @param text such as {@code SIGINT}, {@code INT}, {@code SIGRTMIN+3} or {@code 2}; empty means SIGTERM
     * @param reference the image, for the message
     * @return 1 to 64
     * @throws ImageException if it is none of these
     */
    static int number(String text, String reference) {
        if (text.isEmpty()) {
            return TERM;
        }
        String name = text.toUpperCase(Locale.ROOT);
        if (name.startsWith("SIG")) {
            name = name.substring(3);
        }
        int number = NUMBERS.getOrDefault(name, 0);
        if (name.startsWith("RTMIN+") && name.substring(6).matches("[0-9]{1,2}")) {
            number = 34 + Integer.parseInt(name.substring(6));
        } else if (name.matches("[0-9]{1,3}")) {
            number = Integer.parseInt(name);
        }
        if (number < 1 || number > LAST) {
            throw new ImageException("The image " + reference + " has a stop signal that Linux does not know: '" + text
                    + "'. Expected a name such as SIGTERM or a number from 1 to " + LAST + ".");
        }
        return number;
    }
}
