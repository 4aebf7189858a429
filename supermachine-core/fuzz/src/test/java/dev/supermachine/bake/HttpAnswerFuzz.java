package dev.supermachine.bake;

import dev.supermachine.ImageException;
import dev.supermachine.fuzz.Oracle;
import java.util.Arrays;

/**
 * Any bytes as what a server in a guest answers over HTTP. What is known of an answer only grows while it comes: what was complete stays so, and what is no
 * HTTP does not become any.
 */
public final class HttpAnswerFuzz {

    private HttpAnswerFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        byte[] bytes = Arrays.copyOf(input, Math.min(input.length, HttpAnswer.MOST_BYTES));
        HttpAnswer whole = HttpAnswer.of(bytes);
        holds(whole);
        // eight prefixes of any answer, all of a short one
        int step = Math.max(1, bytes.length / 8);
        for (int length = 0; length < bytes.length; length += step) {
            HttpAnswer part = HttpAnswer.of(Arrays.copyOf(bytes, length));
            holds(part);
            Oracle.require(!part.broken() || whole.broken(), "what was no HTTP after " + length + " bytes is some");
            Oracle.require(!part.complete() || whole.complete(), "what was complete after " + length + " bytes is not");
            if (part.headComplete()) {
                Oracle.require(whole.headComplete(), "the head had an end after " + length + " bytes");
                Oracle.requireEqual(part.status(), whole.status(), "the status after " + length + " bytes");
                Oracle.requireEqual(part.head(), whole.head(), "the first line after " + length + " bytes");
            }
        }
    }

    private static void holds(HttpAnswer answer) {
        Oracle.require(!answer.complete() || answer.headComplete(), "a body without a head");
        Oracle.require(!answer.headComplete() || answer.status().isPresent(), "a head without a status");
        Oracle.require(!answer.broken() || answer.status().isEmpty(), "a status of what is no HTTP");
        answer.status().ifPresent(status -> {
            Oracle.require(status >= 100 && status <= 599, "status " + status);
            Oracle.require(!answer.headComplete() || status >= 200, "an interim answer for the answer: " + status);
        });
        // The body keeps its tabs.
        Oracle.requireGoodMessage(new ImageException(answer.describe().replace('\t', ' ')));
    }
}
