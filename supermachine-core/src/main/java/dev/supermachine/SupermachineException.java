package dev.supermachine;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * The root of everything this library throws on purpose. The message says what failed, on which image, machine or path, the likely cause and the next
 * step; where a guest is involved it ends with the tail of its console.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public class SupermachineException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * An exception with a message.
     *
     * @param message what failed, why, and what to do
     */
    public SupermachineException(String message) {
        super(message);
    }

    /**
     * An exception with a message and a cause.
     *
     * @param message what failed, why, and what to do
     * @param cause what led to it, or null
     */
    public SupermachineException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
