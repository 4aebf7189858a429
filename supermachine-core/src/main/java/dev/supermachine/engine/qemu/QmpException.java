package dev.supermachine.engine.qemu;

import java.io.IOException;

/** QEMU answered a command with an error. */
final class QmpException extends IOException {

    private static final long serialVersionUID = 1L;

    QmpException(String command, String description) {
        super("QEMU refused '" + command + "': " + description);
    }
}
