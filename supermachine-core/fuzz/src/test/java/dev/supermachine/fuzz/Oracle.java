package dev.supermachine.fuzz;

import org.jspecify.annotations.Nullable;

/** What has to hold whatever the input is. A violation is an {@link AssertionError}, which the fuzzer and the replay both report. */
public final class Oracle {

    /** Longer than any sentence of ours with the excerpts of foreign text in it. */
    private static final int MAX_MESSAGE = 8192;

    private Oracle() {}

    /** Holds a condition. */
    public static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    /** Holds a round trip. */
    public static void requireEqual(@Nullable Object expected, @Nullable Object found, String what) {
        if (expected == null ? found != null : !expected.equals(found)) {
            throw new AssertionError(what + ": expected <" + expected + ">, found <" + found + ">");
        }
    }

    /**
     * Holds the message of a documented exception: it is there, it does not flood a log, and foreign text in it cannot forge or hide lines.
     */
    public static void requireGoodMessage(Throwable refusal) {
        String message = refusal.getMessage();
        if (message == null || message.isBlank()) {
            throw new AssertionError("a refusal without a message", refusal);
        }
        if (message.length() > MAX_MESSAGE) {
            throw new AssertionError("a message of " + message.length() + " characters", refusal);
        }
        message.codePoints().filter(Oracle::isForeign).findFirst().ifPresent(c -> {
            throw new AssertionError(String.format("a message with U+%04X in it: %s", c, message), refusal);
        });
    }

    /** Control characters, those that turn the direction of text, line separators, halves of characters. Our own line feeds are allowed. */
    private static boolean isForeign(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL -> c != '\n';
            case Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.SURROGATE -> true;
            default -> false;
        };
    }
}
