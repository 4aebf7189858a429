package dev.supermachine.json;

import dev.supermachine.text.ForeignText;
import java.io.IOException;

/** A text is not JSON, or a member is missing or of another type than asked for. The message names the member by its path. */
public final class JsonFormatException extends IOException {

    private static final long serialVersionUID = 1L;

    /** The path to a member is made of names that the document chose. */
    private static final int LIMIT = 500;

    JsonFormatException(String message) {
        super(ForeignText.line(message, LIMIT));
    }

    JsonFormatException(String message, Throwable cause) {
        super(ForeignText.line(message, LIMIT), cause);
    }
}
