package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.hash.Sha256;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * One layer of a pulled image: a tar of changes. Immutable and thread-safe.
 *
 * @since 0.1
 */
public final class ImageLayer {

    private final ContentStore store;
    private final Descriptor descriptor;
    private final Digest diffId;

    ImageLayer(ContentStore store, Descriptor descriptor, Digest diffId) {
        this.store = store;
        this.descriptor = descriptor;
        this.diffId = diffId;
    }

    /**
     * The digest of the layer as it is stored, compressed or not.
     *
     * @return the digest with its algorithm
     */
    public String digest() {
        return descriptor.digest().toString();
    }

    /**
     * What the manifest says the layer is. Its compression may be another one; the first bytes tell.
     *
     * @return the media type
     */
    public String mediaType() {
        return descriptor.mediaType();
    }

    /**
     * The layer's size as it is stored.
     *
     * @return bytes
     */
    public long size() {
        return descriptor.size();
    }

    /**
     * The digest of the uncompressed tar, which was verified when the layer was pulled.
     *
     * @return the digest with its algorithm
     */
    public String diffId() {
        return diffId.toString();
    }

    /**
     * Opens the uncompressed tar. It is hashed while it is read: read it to the end of the stream, not only to the end of the tar, and the last read throws
     * an {@link ImageException} if the bytes are not those of {@link #diffId()}; the damaged blob is then removed from the cache. Closing early checks nothing.
     *
     * @return the tar; to be closed by the caller, used by one thread
     * @throws IOException if the blob cannot be read
     * @throws ImageException if the blob is no longer in the cache
     */
    public InputStream openTar() throws IOException {
        try {
            return new Verifying(Decompression.open(store.open(descriptor.digest())));
        } catch (NoSuchFileException e) {
            throw new ImageException(
                    "Layer " + digest() + " is no longer in the image cache: " + store.blob(descriptor.digest())
                            + " was deleted after the image was pulled. Pull again.",
                    e);
        }
    }

    @Override
    public String toString() {
        return descriptor.mediaType() + " " + descriptor.digest() + " (" + descriptor.size() + " bytes)";
    }

    private final class Verifying extends FilterInputStream {

        private final MessageDigest hash = Sha256.newDigest();
        private boolean verified;

        Verifying(InputStream tar) {
            super(tar);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int count;
            try {
                count = super.read(target, offset, length);
            } catch (IOException e) {
                throw damaged("it does not decompress (" + Messages.reason(e) + ")", e);
            }
            if (count > 0) {
                hash.update(target, offset, count);
            } else if (count < 0 && !verified) {
                Digest found = Digest.of(hash);
                if (!found.equals(diffId)) {
                    throw damaged("expected diff_id " + diffId + ", found " + found, null);
                }
                verified = true;
            }
            return count;
        }

        @Override
        public long skip(long count) throws IOException {
            // What is skipped has to be hashed all the same.
            byte[] buffer = new byte[(int) Math.min(Math.max(count, 0), 64 * 1024)];
            int read = buffer.length == 0 ? 0 : read(buffer, 0, buffer.length);
            return Math.max(read, 0);
        }

        @Override
        public boolean markSupported() {
            return false;
        }

        private ImageException damaged(String how, @Nullable IOException cause) throws IOException {
            store.discard(descriptor.digest());
            return new ImageException(
                    "Layer " + digest() + " was damaged in the image cache: " + store.blob(descriptor.digest()) + ": "
                            + how + ". It was removed from the cache; pull again. If this repeats, check the disk.",
                    cause);
        }
    }
}
