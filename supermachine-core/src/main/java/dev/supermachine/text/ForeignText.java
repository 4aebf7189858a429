package dev.supermachine.text;

import java.util.regex.Pattern;

/**
 * Text from outside - a registry, an image, a guest, a file that others may write - made fit for messages and logs: it can neither flood them, nor forge or
 * hide lines, nor steer the terminal that shows them. Thread-safe.
 *
 * @since 0.1
 */
public final class ForeignText {

    private static final String CUT = "...";
    private static final int REPLACEMENT = '?';
    private static final Pattern BEFORE_LINE_FEED = Pattern.compile("\r+(?=\n)");

    private ForeignText() {}

    /**
     * A part of a sentence.
     *
     * @param text from outside
     * @param limit the most characters to keep
     * @return one line; what has no visible form is a question mark, what is too long ends with three dots
     */
    public static String line(String text, int limit) {
        StringBuilder result = new StringBuilder();
        int at = 0;
        while (at < text.length() && at < limit) {
            int c = text.codePointAt(at);
            result.appendCodePoint(isVisible(c) ? c : REPLACEMENT);
            at += Character.charCount(c);
        }
        return at < text.length() ? result + CUT : result.toString();
    }

    /**
     * Several lines, such as an output.
     *
     * @param text from outside
     * @return the whole text with its line feeds and tabs; what else has no visible form is a question mark, except for carriage returns before a line feed:
     *     consoles end lines with both
     */
    public static String lines(String text) {
        StringBuilder result = new StringBuilder(text.length());
        BEFORE_LINE_FEED
                .matcher(text)
                .replaceAll("")
                .codePoints()
                .forEach(c -> result.appendCodePoint(c == '\n' || c == '\t' || isVisible(c) ? c : REPLACEMENT));
        return result.toString();
    }

    /** Control characters, those that turn the direction of text or join it, line separators and halves of characters have no form of their own. */
    private static boolean isVisible(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE -> false;
            default -> true;
        };
    }
}
