package dev.supermachine.oci;

import java.util.concurrent.atomic.AtomicLong;

/** Counts the bytes that the layers of one image unpack to, and ends that at the limit. Thread-safe. */
final class ImageBytes {

    private final ImageOrigin origin;
    private final long limit;
    private final AtomicLong found = new AtomicLong();

    ImageBytes(ImageOrigin origin, long limit) {
        this.origin = origin;
        this.limit = limit;
    }

    /**
     * Counts bytes of a layer.
     *
     * @throws dev.supermachine.ImageException if all layers together have more than the limit
     */
    void add(Descriptor layer, int bytes) {
        long sum = found.addAndGet(bytes);
        if (sum > limit) {
            throw origin.failure("layer " + layer.digest() + ", which has " + layer.size()
                    + " bytes, unpacks to so many that the layers hold at least " + sum
                    + " bytes uncompressed, but the limit for one image is " + limit
                    + " (supermachine.image.max.bytes). Nothing was stored of it. It may be a decompression bomb; if the"
                    + " image is meant to be so large, raise that setting.");
        }
    }
}
