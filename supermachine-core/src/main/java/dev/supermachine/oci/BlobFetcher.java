package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.hash.Sha256;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings one layer into the store: to a temporary file, past the checks of size, digest and diff_id, and only then to its name. Everything is done in one
 * pass over the bytes as they arrive. What came of a layer before its transfer broke off is left for the next pull.
 */
final class BlobFetcher {

    private static final Logger LOG = LoggerFactory.getLogger(BlobFetcher.class);

    private final ContentStore store;
    private final ImageOrigin origin;
    private final PullListener listener;
    private final ImageBytes imageBytes;

    BlobFetcher(ContentStore store, ImageOrigin origin, PullListener listener, ImageBytes imageBytes) {
        this.store = store;
        this.origin = origin;
        this.listener = listener;
        this.imageBytes = imageBytes;
    }

    void layer(Descriptor layer, Digest diffId) throws IOException {
        boolean cached = store.contains(layer.digest(), layer.size());
        if (cached) {
            Digest found = cachedDiffId(layer);
            if (!found.equals(diffId)) {
                throw Verification.wrongDiffId(origin, layer, diffId, found);
            }
        } else {
            fetch(layer, diffId);
        }
        listener.blobFinished(layer.digest().toString(), layer.size(), cached);
    }

    /** A blob may have come with another image whose configuration said something else about it, so what was computed counts, not what was said. */
    private Digest cachedDiffId(Descriptor layer) throws IOException {
        Digest known = store.diffId(layer.digest()).orElse(null);
        if (known != null) {
            return known;
        }
        Digest found;
        try (InputStream raw = store.open(layer.digest())) {
            found = hashUncompressed(layer, raw);
        } catch (IOException e) {
            throw Verification.undecodable(origin, layer, e);
        }
        store.rememberDiffId(layer.digest(), found);
        return found;
    }

    private void fetch(Descriptor layer, Digest diffId) throws IOException {
        listener.blobStarted(layer.digest().toString(), layer.size());
        // A part that somebody else is writing is his: then this pull has a file of its own, which nobody goes on with.
        Optional<TemporaryFiles.Temporary> part =
                origin.resumes().isPresent() ? store.part(layer.digest()) : Optional.empty();
        try (TemporaryFiles.Temporary file =
                part.isPresent() ? part.get() : store.temporary().create()) {
            // At the second attempt nothing is left of what an earlier pull had left.
            while (!receive(layer, diffId, file)) {
                LOG.info("The beginning of {} that an earlier pull left was of no use", layer.digest());
            }
            store.publish(file, layer.digest());
        }
        store.rememberDiffId(layer.digest(), diffId);
    }

    /** Whether the file now has the layer; false if it had a beginning to which no good end came, and is empty now. */
    private boolean receive(Descriptor layer, Digest diffId, TemporaryFiles.Temporary file) throws IOException {
        try (Incoming in = new Incoming(layer, origin, file.channel(), store, listener)) {
            try {
                receive(layer, diffId, in);
                return true;
            } catch (ImageException e) {
                if (in.isBrokenOff()) {
                    file.keep();
                } else if (in.isResumed() && !in.isVerified()) {
                    file.channel().truncate(0);
                    return false;
                }
                throw e;
            }
        }
    }

    private void receive(Descriptor layer, Digest diffId, Incoming in) {
        Digest found;
        try {
            found = hashUncompressed(layer, in);
        } catch (IOException e) {
            // Bytes that do not decompress are most often not the bytes that were asked for: let the digest speak
            // first.
            in.verify();
            throw Verification.undecodable(origin, layer, e);
        }
        in.verify();
        if (!found.equals(diffId)) {
            throw Verification.wrongDiffId(origin, layer, diffId, found);
        }
    }

    /** Hashes the uncompressed form and frees the decompressor; the source stays open. */
    private Digest hashUncompressed(Descriptor layer, InputStream source) throws IOException {
        MessageDigest hash = Sha256.newDigest();
        try (InputStream in = Decompression.open(new KeptOpen(source))) {
            byte[] buffer = new byte[64 * 1024];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                imageBytes.add(layer, count);
                hash.update(buffer, 0, count);
            }
        }
        return Digest.of(hash);
    }

    private static final class KeptOpen extends FilterInputStream {
        KeptOpen(InputStream source) {
            super(source);
        }

        @Override
        public void close() {
            // The owner closes the source.
        }
    }
}
