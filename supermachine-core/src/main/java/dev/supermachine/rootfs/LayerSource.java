package dev.supermachine.rootfs;

import java.io.IOException;
import java.io.InputStream;

/**
 * One layer of an image as an uncompressed tar stream that can be read more than once.
 *
 * @since 0.1
 */
public interface LayerSource {

    /**
     * What the layer is called in errors, and what its content is known by.
     *
     * @return the digest of the uncompressed layer, such as {@code sha256:4f…}; never null
     */
    String diffId();

    /**
     * Opens the layer at its first byte. The builder reads each layer twice and closes every stream; the bytes must be the same each time.
     *
     * @return a new stream of the uncompressed tar archive; {@code skip} that seeks makes the first reading cheap
     * @throws IOException if the layer cannot be read
     */
    InputStream open() throws IOException;
}
