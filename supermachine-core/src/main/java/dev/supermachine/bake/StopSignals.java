package dev.supermachine.bake;

import dev.supermachine.ImageException;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Stop signals as image configurations write them, as numbers of Linux on x86-64 (signal(7)). */
final class StopSignals {

    private static final int TERM = 15;
    private static final int FIRST_REAL_TIME = 34;
    private static final int LAST = 64;
    private static final Pattern REAL_TIME = Pattern.compile("RT(MIN|MAX)(?:([+-])([0-9]{1,2}))?");

    private static final Map<String, Integer> NUMBERS = Map.ofEntries(
            Map.entry("HUP", 1),
            Map.entry("INT", 2),
            Map.entry("QUIT", 3),
            Map.entry("ILL", 4),
            Map.entry("TRAP", 5),
            Map.entry("ABRT", 6),
            Map.entry("IOT", 6),
            Map.entry("BUS", 7),
            Map.entry("FPE", 8),
            Map.entry("KILL", 9),
            Map.entry("USR1", 10),
            Map.entry("SEGV", 11),
            Map.entry("USR2", 12),
            Map.entry("PIPE", 13),
            Map.entry("ALRM", 14),
            Map.entry("TERM", TERM),
            Map.entry("STKFLT", 16),
            Map.entry("CHLD", 17),
            Map.entry("CLD", 17),
            Map.entry("CONT", 18),
            Map.entry("STOP", 19),
            Map.entry("TSTP", 20),
            Map.entry("TTIN", 21),
            Map.entry("TTOU", 22),
            Map.entry("URG", 23),
            Map.entry("XCPU", 24),
            Map.entry("XFSZ", 25),
            Map.entry("VTALRM", 26),
            Map.entry("PROF", 27),
            Map.entry("WINCH", 28),
            Map.entry("IO", 29),
            Map.entry("POLL", 29),
            Map.entry("PWR", 30),
            Map.entry("SYS", 31));

    private StopSignals() {}

    /**
     * The number of a signal.
     *
     * @param text such as {@code SIGINT}, {@code INT}, {@code SIGRTMIN+3}, {@code SIGRTMAX-2} or {@code 2}; empty means SIGTERM
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
        Matcher realTime = REAL_TIME.matcher(name);
        if (realTime.matches()) {
            number = realTime(realTime);
        } else if (name.matches("[0-9]{1,3}")) {
            number = Integer.parseInt(name);
        }
        if (number < 1 || number > LAST) {
            throw new ImageException("The image " + reference + " has a stop signal that Linux does not know: '" + text
                    + "'. Expected a name such as SIGTERM or a number from 1 to " + LAST + ".");
        }
        return number;
    }

    /** 0 if it is outside the range of real-time signals. */
    private static int realTime(Matcher parts) {
        int offset = parts.group(3) == null ? 0 : Integer.parseInt(parts.group(3));
        int number = parts.group(1).equals("MIN") ? FIRST_REAL_TIME : LAST;
        number += "-".equals(parts.group(2)) ? -offset : offset;
        return number < FIRST_REAL_TIME || number > LAST ? 0 : number;
    }
}
