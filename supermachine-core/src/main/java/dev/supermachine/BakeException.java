package dev.supermachine;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** An image could not be booted, brought to its ready state, or captured. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class BakeException extends SupermachineException {

    private static final long serialVersionUID = 1L;

    /**
     * An exception with a message.
     *
     * @param message what failed, why, and what to do
     */
    public BakeException(String message) {
        super(message);
    }

    /**
     * An exception with a message and a cause.
     *
     * @param message what failed, why, and what to do
     * @param cause what led to it, or null
     */
    public BakeException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
