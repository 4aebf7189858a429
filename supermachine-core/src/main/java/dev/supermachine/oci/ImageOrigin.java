package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An opened source that manifests and blobs can be read from. What it hands out is unverified. {@link #openAt} may be called by several threads. */
interface ImageOrigin extends AutoCloseable {

    /** The source as the user wrote it, for messages. */
    String name();

    /** The URL or the file that content is read from, for messages. */
    String where(Descriptor content);

    /** The manifest or index that the source as a whole stands for; the platform decides where the source holds several unrelated ones. */
    Manifest.Raw root(Platform platform) throws IOException;

    /** The bytes of a small document. */
    InputStream open(Descriptor content) throws IOException;

    /**
     * The bytes of a blob of any size, from some byte on.
     *
     * @throws RegistryEndpoint.WrongRange if other bytes are to be had only
     */
    default InputStream openAt(Descriptor blob, long offset) throws IOException {
        InputStream in = open(blob);
        in.skipNBytes(offset);
        return in;
    }

    /** How often to go on with a blob that broke off; empty if what breaks off will break off again. */
    default Optional<RetryPolicy> resumes() {
        return Optional.empty();
    }

    /** Manifests have an address of their own in registries; elsewhere they are blobs like any other. */
    default InputStream openManifest(Descriptor manifest) throws IOException {
        return open(manifest);
    }

    @Override
    default void close() throws IOException {}

    default ImageException failure(String what) {
        return failure(what, null);
    }

    default ImageException failure(String what, @Nullable Throwable cause) {
        return new ImageException("Cannot pull " + name() + ": " + what, cause);
    }
}
