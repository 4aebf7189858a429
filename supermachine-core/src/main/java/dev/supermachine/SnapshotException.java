package dev.supermachine;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** A snapshot cannot be used: missing, damaged, of another format or another machine. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class SnapshotException extends SupermachineException {

    private static final long serialVersionUID = 1L;

    /**
     * An exception with a message.
     *
     * @param message what failed, why, and what to do
     */
    public SnapshotException(String message) {
        super(message);
    }

    /**
     * An exception with a message and a cause.
     *
     * @param message what failed, why, and what to do
     * @param cause what led to it, or null
     */
    public SnapshotException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
