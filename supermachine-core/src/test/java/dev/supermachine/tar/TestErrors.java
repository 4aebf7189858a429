package dev.supermachine.tar;

import dev.supermachine.ImageException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Errors of an archive made for a test. */
final class TestErrors extends TarErrors {

    TestErrors(String subject) {
        super(subject, "layer", "pull the image again.");
    }

    @Override
    protected ImageException exception(String message, @Nullable IOException cause) {
        return new ImageException(message, cause);
    }
}
