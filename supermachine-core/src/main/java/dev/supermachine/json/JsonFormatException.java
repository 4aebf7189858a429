package dev.supermachine.json;

import java.io.IOException;

/** A text is not JSON, or a member is missing or of another type than asked for. The message names the member by its path. */
public final class JsonFormatException extends IOException {

    private static final long serialVersionUID = 1L;

    JsonFormatException(String message) {
        super(message);
    }

    JsonFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
