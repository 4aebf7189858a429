package dev.supermachine.bake;

import dev.supermachine.text.ForeignText;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What has come of an answer over HTTP/1.x so far (RFC 9112). The body is taken as it comes: a transfer coding stays in it.
 *
 * @param status from a well-formed status line
 * @param head the status line, or what stands in its place
 * @param headComplete whether the head's end has come
 * @param body what has come of it, in UTF-8
 * @param complete whether the whole announced body has come; one without a length ends with the connection
 * @param broken whether it is no answer over HTTP
 */
record HttpAnswer(
        Optional<Integer> status, String head, boolean headComplete, String body, boolean complete, boolean broken) {

    /** What is read at most, head included. */
    static final int MOST_BYTES = 64 * 1024;

    private static final int SHOWN_CHARACTERS = 300;

    /** Section 4: version, blank, three digits, and a blank before the reason, which servers leave out with the reason. */
    private static final Pattern STATUS_LINE =
            Pattern.compile("HTTP/1\\.[0-9] ([1-5][0-9]{2})(?: [\\t\\x20-\\x7e\\x80-\\xff]*)?");

    /** In a line that ends with a line feed; other characters that Java counts as ends of lines may be in a value. */
    private static final Pattern LENGTH = Pattern.compile("(?imd)^content-length:[ \\t]*([0-9]{1,18})[ \\t]*\\r?$");

    private static final String START = "HTTP/1.";
    private static final String LINE_END = "\r\n";
    private static final String HEAD_END = LINE_END + LINE_END;
    private static final int FIRST_FINAL_STATUS = 200;

    static HttpAnswer of(byte[] bytes) {
        // one character for each byte, so that positions are the same
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int start = 0;
        for (int end = text.indexOf(HEAD_END);
                end >= 0 && isInterim(text, start);
                end = text.indexOf(HEAD_END, start)) {
            start = end + HEAD_END.length();
        }
        return of(Arrays.copyOfRange(bytes, start, bytes.length), text.substring(start));
    }

    /** Whether the real answer follows (RFC 9110, section 15.2). */
    private static boolean isInterim(String text, int start) {
        Matcher matcher = STATUS_LINE.matcher(text.substring(start, text.indexOf(LINE_END, start)));
        return matcher.matches() && Integer.parseInt(matcher.group(1)) < FIRST_FINAL_STATUS;
    }

    private static HttpAnswer of(byte[] bytes, String text) {
        int lineEnd = text.indexOf(LINE_END);
        String line = lineEnd < 0 ? text : text.substring(0, lineEnd);
        Matcher matcher = STATUS_LINE.matcher(line);
        if (lineEnd < 0 || !matcher.matches()) {
            boolean broken = lineEnd >= 0 || !text.regionMatches(0, START, 0, Math.min(text.length(), START.length()));
            return new HttpAnswer(Optional.empty(), line, false, "", false, broken);
        }
        Optional<Integer> status = Optional.of(Integer.valueOf(matcher.group(1)));
        int headEnd = text.indexOf(HEAD_END);
        if (headEnd < 0) {
            return new HttpAnswer(status, line, false, "", false, false);
        }
        byte[] body = Arrays.copyOfRange(bytes, headEnd + HEAD_END.length(), bytes.length);
        Matcher length = LENGTH.matcher(text.substring(lineEnd, headEnd));
        boolean complete = length.find() && body.length >= Long.parseLong(length.group(1));
        return new HttpAnswer(status, line, true, new String(body, StandardCharsets.UTF_8), complete, false);
    }

    /** What was seen, as the end of a sentence. */
    String describe() {
        if (head.isEmpty()) {
            return "connected, but nothing was answered";
        }
        if (status.isEmpty()) {
            return "was answered by something else than HTTP: '" + shortened(head) + "'";
        }
        return "was answered with '" + shortened(head) + "'"
                + (headComplete
                        ? body.isBlank()
                                ? " and an empty body"
                                : " and a body that begins with: " + shortened(body.strip())
                        : ", but the head has no end");
    }

    private static String shortened(String text) {
        String visible = ForeignText.lines(text);
        return visible.codePointCount(0, visible.length()) <= SHOWN_CHARACTERS
                ? visible
                : visible.substring(0, visible.offsetByCodePoints(0, SHOWN_CHARACTERS)) + "…";
    }
}
