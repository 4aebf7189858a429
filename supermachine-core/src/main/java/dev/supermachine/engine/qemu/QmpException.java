package dev.supermachine.engine.qemu;

import dev.supermachine.text.ForeignText;
import java.io.IOException;

/** QEMU answered a command with an error. */
final class QmpException extends IOException {

    private static final long serialVersionUID = 1L;
    private static final int LIMIT = 1000;

    QmpException(String command, String description) {
        super("QEMU refused '" + command + "': " + ForeignText.line(description, LIMIT));
    }
}
