package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.Platform;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An image in a registry, or in a mirror of that: mirrors are asked first, and what one does not have or is not well enough to send is asked of the next. A
 * layer that broke off goes on at the next as well, since the same digest is the same bytes everywhere.
 */
final class RegistryOrigin implements ImageOrigin {

    private static final Logger LOG = LoggerFactory.getLogger(RegistryOrigin.class);

    private final ImageReference reference;
    private final List<RegistryEndpoint> endpoints = new ArrayList<>(); // the registry itself is the last
    private final RegistryEndpoint registry;
    private final RetryPolicy retries;
    private final Map<RegistryEndpoint, String> gone = new ConcurrentHashMap<>();
    private final Map<Digest, Integer> opened = new ConcurrentHashMap<>();
    private final Map<Digest, RegistryEndpoint> servedBy = new ConcurrentHashMap<>();

    RegistryOrigin(ImageReference reference, PullSettings settings, CredentialHelpers helpers) {
        this.reference = reference;
        this.retries = settings.retries();
        // A mirror in trouble is not asked again: there is somebody else to ask.
        PullSettings once = settings.withRetries(RetryPolicy.NEVER);
        for (String mirror : settings.mirrorsOf(reference.registry())) {
            endpoints.add(new RegistryEndpoint(reference, mirrored(mirror), once, helpers));
        }
        this.registry = new RegistryEndpoint(reference, reference, settings, helpers);
        endpoints.add(registry);
    }

    /** The same image in a mirror, whose path goes before that of the image. */
    private ImageReference mirrored(String mirror) {
        String suffix = reference.toString().substring(reference.registry().length());
        try {
            ImageReference result = ImageReference.parse(mirror + suffix);
            if (!mirror.startsWith(result.registry() + "/") && !mirror.equals(result.registry())) {
                throw new ImageException("its host needs a dot or a port");
            }
            return result;
        } catch (ImageException e) {
            throw new ImageException(
                    "The mirror '" + Messages.excerpt(mirror) + "' for " + reference.registry()
                            + " (supermachine.registry.mirrors) should be a host, a port if need be, and a path if need be, such as"
                            + " mirror.example:5000/proxy, but is not: " + e.getMessage(),
                    e);
        }
    }

    @Override
    public String name() {
        return reference.toString();
    }

    @Override
    public String where(Descriptor content) {
        return servedBy.getOrDefault(content.digest(), registry).where(content);
    }

    @Override
    public Optional<RetryPolicy> resumes() {
        return Optional.of(retries);
    }

    @FunctionalInterface
    private interface Question<T> {
        T ask(RegistryEndpoint endpoint) throws IOException, NotServed;
    }

    private record Served<T>(RegistryEndpoint by, T value) {}

    /** Asks one after the other, beginning with the given one. */
    private <T> Served<T> ask(int first, Question<T> question) throws IOException {
        List<String> inVain = new ArrayList<>();
        ImageException failure = null;
        for (int i = 0; i < endpoints.size(); i++) {
            RegistryEndpoint endpoint = endpoints.get((first + i) % endpoints.size());
            String before = gone.get(endpoint);
            if (before != null) {
                inVain.add(before);
                continue;
            }
            try {
                return new Served<>(endpoint, question.ask(endpoint));
            } catch (NotServed e) {
                if (endpoint == registry) {
                    failure = e.failure();
                } else {
                    LOG.info("A mirror of {} is passed over: {}", reference.registry(), e.getMessage());
                    inVain.add(e.getMessage());
                    if (e.unreachable()) {
                        gone.put(endpoint, e.getMessage());
                    }
                }
            }
        }
        throw failure(failure, inVain);
    }

    private ImageException failure(@Nullable ImageException failure, List<String> inVain) {
        if (failure == null) {
            throw new IllegalStateException("The registry itself was not asked");
        }
        return inVain.isEmpty()
                ? failure
                : new ImageException(
                        failure.getMessage() + " No mirror had it either: " + String.join(" ", inVain), failure);
    }

    @Override
    public Manifest.Raw root(Platform platform) throws IOException {
        Served<RegistryEndpoint.Document> served =
                ask(0, server -> server.manifest(reference.identifier(), Manifest.MAX_BYTES + 1));
        RegistryEndpoint.Document document = served.value();
        byte[] bytes = document.bytes();
        if (bytes.length > Manifest.MAX_BYTES) {
            throw failure("its manifest is too large: expected at most " + Manifest.MAX_BYTES + " bytes, found more.");
        }
        String type = document.mediaType();
        Manifest.Raw raw = Manifest.Raw.of(bytes, type);
        // What the user pinned decides; else the registry's own word, which at least shows damage on the way.
        Optional<Digest> expected = reference.checkedDigest().or(document::announced);
        if (expected.isPresent() && !MediaTypes.isSchema1(type)) {
            servedBy.put(expected.get(), served.by());
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
        return new ByteArrayInputStream(of(
                manifest,
                0,
                server -> server.manifest(manifest.digest().toString(), limit).bytes()));
    }

    @Override
    public InputStream open(Descriptor document) throws IOException {
        int limit = limit(document);
        return new ByteArrayInputStream(of(document, 0, server -> server.document(document, limit)));
    }

    /** One byte more than there should be, so that it shows. */
    private static int limit(Descriptor document) {
        return (int) Math.min(document.size(), Manifest.MAX_BYTES) + 1;
    }

    @Override
    public InputStream openAt(Descriptor blob, long offset) throws IOException {
        int times = opened.merge(blob.digest(), 1, Integer::sum);
        return of(blob, times - 1, server -> server.openAt(blob, offset));
    }

    private <T> T of(Descriptor content, int first, Question<T> question) throws IOException {
        Served<T> served = ask(first, server -> {
            servedBy.put(content.digest(), server); // whoever fails while it answers is to be named as well
            return question.ask(server);
        });
        return served.value();
    }
}
