package dev.supermachine;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * No machine could be handed out: the pool's limit or the memory budget was reached for too long, the restore took longer than its {@link VmConfig} allows, or
 * the guest did not take a file of it.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class AcquireException extends SupermachineException {

    private static final long serialVersionUID = 1L;

    /**
     * An exception with a message.
     *
     * @param message what failed, why, and what to do
     */
    public AcquireException(String message) {
        super(message);
    }

    /**
     * An exception with a message and a cause.
     *
     * @param message what failed, why, and what to do
     * @param cause what led to it, or null
     */
    public AcquireException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
