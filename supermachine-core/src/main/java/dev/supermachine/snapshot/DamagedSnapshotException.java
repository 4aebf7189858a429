package dev.supermachine.snapshot;

import dev.supermachine.text.ForeignText;
import java.io.IOException;

/** A snapshot is there but must not be used. The message is the rest of a sentence that begins with the snapshot's path and "cannot be used:". */
final class DamagedSnapshotException extends IOException {

    private static final long serialVersionUID = 1L;

    /** A snapshot may come from elsewhere, and with it what is said about it. */
    private static final int LIMIT = 1000;

    DamagedSnapshotException(String reason) {
        super(ForeignText.line(reason, LIMIT));
    }

    DamagedSnapshotException(String reason, Throwable cause) {
        super(ForeignText.line(reason, LIMIT), cause);
    }
}
