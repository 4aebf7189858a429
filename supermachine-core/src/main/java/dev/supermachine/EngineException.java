package dev.supermachine;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** No engine can run a machine here, or the engine failed while it started, captured or restored one. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class EngineException extends SupermachineException {

    private static final long serialVersionUID = 1L;

    /**
     * An exception with a message.
     *
     * @param message what failed, why, and what to do
     */
    public EngineException(String message) {
        super(message);
    }

    /**
     * An exception with a message and a cause.
     *
     * @param message what failed, why, and what to do
     * @param cause what led to it, or null
     */
    public EngineException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
