package dev.supermachine.oci;

import dev.supermachine.Platform;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** An image in a registry. */
final class RegistryOrigin implements ImageOrigin {

    private final ImageReference reference;
    private final RegistryEndpoint endpoint;
    private final RetryPolicy retries;

    RegistryOrigin(ImageReference reference, PullSettings settings, CredentialHelpers helpers) {
        this.reference = reference;
        this.endpoint = new RegistryEndpoint(reference, settings, helpers);
        this.retries = settings.retries();
    }

    @Override
    public String name() {
        return reference.toString();
    }

    @Override
    public String where(Descriptor content) {
        return endpoint.where(content);
    }

    @Override
    public Optional<RetryPolicy> resumes() {
        return Optional.of(retries);
    }

    @FunctionalInterface
    private interface Question<T> {
        T ask(RegistryEndpoint endpoint) throws IOException, NotServed;
    }

    private <T> T ask(Question<T> question) throws IOException {
        try {
            return question.ask(endpoint);
        } catch (NotServed e) {
            throw e.failure();
        }
    }

    @Override
    public Manifest.Raw root(Platform platform) throws IOException {
        RegistryEndpoint.Document document =
                ask(server -> server.manifest(reference.identifier(), Manifest.MAX_BYTES + 1));
        byte[] bytes = document.bytes();
        if (bytes.length > Manifest.MAX_BYTES) {
            throw failure("its manifest is too large: expected at most " + Manifest.MAX_BYTES + " bytes, found more.");
        }
        String type = document.mediaType();
        Manifest.Raw raw = Manifest.Raw.of(bytes, type);
        // What the user pinned decides; else the registry's own word, which at least shows damage on the way.
        Optional<Digest> expected = reference.checkedDigest().or(document::announced);
        if (expected.isPresent() && !MediaTypes.isSchema1(type)) {
            Verification.check(
                    this,
                    Descriptor.of(type.isEmpty() ? MediaTypes.OCI_MANIFEST : type, expected.get(), bytes.length),
                    bytes.length,
                    raw.digest());
        }
        return raw;
    }

    @Override
    public InputStream openManifest(Descriptor manifest) throws IOException {
        int limit = limit(manifest);
        return new ByteArrayInputStream(ask(
                server -> server.manifest(manifest.digest().toString(), limit).bytes()));
    }

    @Override
    public InputStream open(Descriptor document) throws IOException {
        int limit = limit(document);
        return new ByteArrayInputStream(ask(server -> server.document(document, limit)));
    }

    /** One byte more than there should be, so that it shows. */
    private static int limit(Descriptor document) {
        return (int) Math.min(document.size(), Manifest.MAX_BYTES) + 1;
    }

    @Override
    public InputStream openAt(Descriptor blob, long offset) throws IOException {
        return ask(server -> server.openAt(blob, offset));
    }
}
