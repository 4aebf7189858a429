package dev.supermachine.rootfs;

import dev.supermachine.ImageException;
import java.io.IOException;

/** Words the errors of one layer or other archive, so that each names it and the entry. */
final class LayerErrors {

    private static final int SHOWN = 200;

    private final String subject;
    private final String ifCutShort;

    LayerErrors(String diffId) {
        this("Layer " + diffId, "pull the image again.");
    }

    /**
     * @param subject what the archive is, at the beginning of a sentence
     * @param ifCutShort what to do when it ends too early
     */
    LayerErrors(String subject, String ifCutShort) {
        this.subject = subject;
        this.ifCutShort = ifCutShort;
    }

    ImageException of(String entry, String problem) {
        return new ImageException(subject + ", entry \"" + printable(entry) + "\": " + problem);
    }

    ImageException of(String problem) {
        return new ImageException(subject + ": " + problem);
    }

    ImageException unreadable(IOException cause) {
        return new ImageException(subject + ": cannot be read: " + cause.getMessage(), cause);
    }

    ImageException truncated(long position) {
        return of("the archive ends after byte " + position + " in the middle of an entry. It was cut short; "
                + ifCutShort);
    }

    /** Bytes outside printable ASCII as {@code \xHH}, long names cut. */
    static String printable(String bytes) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < Math.min(bytes.length(), SHOWN); i++) {
            char c = bytes.charAt(i);
            if (c < ' ' || c > '~' || c == '\\' || c == '"') {
                text.append(String.format("\\x%02x", (int) c));
            } else {
                text.append(c);
            }
        }
        return bytes.length() > SHOWN ? text + "…" : text.toString();
    }
}
