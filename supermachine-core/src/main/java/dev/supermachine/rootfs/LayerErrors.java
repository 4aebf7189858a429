package dev.supermachine.rootfs;

import dev.supermachine.ImageException;
import java.io.IOException;

/** Words the errors of one layer, so that each names the layer and the entry. */
final class LayerErrors {

    private static final int SHOWN = 200;

    private final String diffId;

    LayerErrors(String diffId) {
        this.diffId = diffId;
    }

    ImageException of(String entry, String problem) {
        return new ImageException("Layer " + diffId + ", entry \"" + printable(entry) + "\": " + problem);
    }

    ImageException of(String problem) {
        return new ImageException("Layer " + diffId + ": " + problem);
    }

    ImageException unreadable(IOException cause) {
        return new ImageException("Layer " + diffId + ": cannot be read: " + cause.getMessage(), cause);
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
