package dev.supermachine.rootfs;

import dev.supermachine.ImageException;
import dev.supermachine.SupermachineException;
import dev.supermachine.tar.TarErrors;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Words the errors of one layer, so that each names it and the entry. */
final class LayerErrors extends TarErrors {

    LayerErrors(String diffId) {
        super("Layer " + diffId, "layer", "pull the image again.");
    }

    @Override
    protected ImageException exception(String message, @Nullable IOException cause) {
        return new ImageException(message, cause);
    }

    /** The limit is one for all layers together; what is left of it for this one says nothing. */
    @Override
    protected SupermachineException tooLarge(String entry, long size, long position, long maxBytes) {
        return of(
                entry,
                "with its " + size + " bytes the layers go beyond the limit for one image. The layer may be a"
                        + " decompression bomb; if not, raise the limit.");
    }
}
