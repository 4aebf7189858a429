package dev.supermachine.snapshot;

import java.io.IOException;

/** A snapshot is there but must not be used. The message is the rest of a sentence that begins with the snapshot's path and "cannot be used:". */
final class DamagedSnapshotException extends IOException {

    private static final long serialVersionUID = 1L;

    DamagedSnapshotException(String reason) {
        super(reason);
    }

    DamagedSnapshotException(String reason, Throwable cause) {
        super(reason, cause);
    }
}
