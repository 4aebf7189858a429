package dev.supermachine.code;

import org.jspecify.annotations.Nullable;

/**
 * It cannot be told what a function does. The message says why, as a sentence without its end.
 *
 * @since 0.1
 */
public final class UnidentifiableCodeException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    UnidentifiableCodeException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
