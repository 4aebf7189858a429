package dev.supermachine.engine;

import dev.supermachine.text.ForeignText;

/**
 * What a guest left behind, for messages: the ends of its workload's output and of its console, bounded and made harmless. Every message about a guest that
 * failed gets this part from here.
 *
 * @since 0.1
 */
public final class Evidence {

    /** How many lines of each output are shown at most. */
    public static final int LINES = 200;

    /** How many characters of each output are shown at most. */
    public static final int CHARACTERS = 64 * 1024;

    private static final String CONSOLE = "The guest's console";

    private Evidence() {}

    /**
     * The end of the console.
     *
     * @param console what the guest's kernel and agent printed
     * @return a part of a message that begins with a line feed
     */
    public static String ofConsole(String console) {
        return section(CONSOLE, console, LINES);
    }

    /**
     * The ends of the workload's output and of the console, which comes last because it has the last words of a kernel.
     *
     * @param log what the workload wrote to its standard output and error
     * @param console what the guest's kernel and agent printed
     * @return a part of a message that begins with a line feed
     */
    public static String of(String log, String console) {
        return of(log, console, LINES);
    }

    /**
     * As {@link #of(String, String)}, shorter.
     *
     * @param log what the workload wrote to its standard output and error
     * @param console what the guest's kernel and agent printed
     * @param lines how many lines of each are shown at most, 1 to {@value #LINES}
     * @return a part of a message that begins with a line feed
     */
    public static String of(String log, String console, int lines) {
        return section("The workload's output", log, lines) + section(CONSOLE, console, lines);
    }

    /**
     * The end of a text: at most {@value #LINES} lines and {@value #CHARACTERS} characters.
     *
     * @param text any text of a guest
     * @return its end, printable; a cut one begins with a mark
     */
    public static String tail(String text) {
        return tail(text, LINES);
    }

    private static String tail(String text, int lines) {
        String whole = ForeignText.lines(text).strip();
        if (whole.isEmpty()) {
            return "";
        }
        int from = whole.length();
        for (int i = 0; i < lines && from > 0; i++) {
            from = whole.lastIndexOf('\n', from - 1);
        }
        from = Math.max(from <= 0 ? 0 : from + 1, whole.length() - CHARACTERS);
        if (from == 0) {
            return whole;
        }
        return "…" + whole.substring(Character.isLowSurrogate(whole.charAt(from)) ? from + 1 : from);
    }

    private static String section(String what, String text, int lines) {
        String tail = tail(text, lines);
        return tail.isEmpty() ? "\n" + what + " is empty." : "\n" + what + " ends with:\n" + tail;
    }
}
