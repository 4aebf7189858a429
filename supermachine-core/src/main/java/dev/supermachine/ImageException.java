package dev.supermachine;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** An image could not be found, pulled, verified or turned into a root file system. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class ImageException extends SupermachineException {

    private static final long serialVersionUID = 1L;

    /**
     * An exception with a message.
     *
     * @param message what failed, why, and what to do
     */
    public ImageException(String message) {
        super(message);
    }

    /**
     * An exception with a message and a cause.
     *
     * @param message what failed, why, and what to do
     * @param cause what led to it, or null
     */
    public ImageException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
