package dev.supermachine.oci;

import java.util.List;

/**
 * Told how a pull goes on. Every method does nothing unless overridden. Layers arrive in parallel: methods are called by several threads, also at the same
 * time, and should return quickly.
 *
 * @since 0.1
 */
public interface PullListener {

    /** Hears everything and says nothing. */
    PullListener SILENT = new PullListener() {};

    /**
     * It is known what the image consists of.
     *
     * @param reference what is pulled
     * @param manifestDigest the digest of the manifest for the platform
     * @param blobs the digests of the layers, lowest first, each once
     * @param bytes the size of the layers together, as they are transferred
     */
    default void resolved(String reference, String manifestDigest, List<String> blobs, long bytes) {}

    /**
     * A layer is being fetched.
     *
     * @param digest the layer's digest
     * @param size its size in bytes
     */
    default void blobStarted(String digest, long size) {}

    /**
     * Some of a layer has arrived.
     *
     * @param digest the layer's digest
     * @param done bytes so far
     * @param size bytes in all
     */
    default void blobProgress(String digest, long done, long size) {}

    /**
     * A layer is in the cache and verified.
     *
     * @param digest the layer's digest
     * @param size its size in bytes
     * @param cached true if it was there before
     */
    default void blobFinished(String digest, long size, boolean cached) {}

    /**
     * The image is complete.
     *
     * @param image what was pulled
     */
    default void finished(PulledImage image) {}

    /**
     * The pull failed; nothing follows.
     *
     * @param reference what was being pulled
     */
    default void failed(String reference) {}
}
