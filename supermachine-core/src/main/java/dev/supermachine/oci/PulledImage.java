package dev.supermachine.oci;

import java.util.List;

/**
 * An image whose bytes are all in the cache and verified.
 *
 * @param reference what was asked for, in canonical form
 * @param manifestDigest the digest of the manifest for the platform, which identifies the image
 * @param config how the image wants to be run
 * @param layers the layers, lowest first
 * @param fromCache true if nothing but the cache was read
 * @since 0.1
 */
public record PulledImage(
        String reference, String manifestDigest, ImageConfig config, List<ImageLayer> layers, boolean fromCache) {}
