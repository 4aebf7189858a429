package dev.supermachine;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** A running machine failed: its guest or its agent ended, broke the protocol, or missed a deadline. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class MachineException extends SupermachineException {

    private static final long serialVersionUID = 1L;

    /**
     * An exception with a message.
     *
     * @param message what failed, why, and what to do
     */
    public MachineException(String message) {
        super(message);
    }

    /**
     * An exception with a message and a cause.
     *
     * @param message what failed, why, and what to do
     * @param cause what led to it, or null
     */
    public MachineException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
