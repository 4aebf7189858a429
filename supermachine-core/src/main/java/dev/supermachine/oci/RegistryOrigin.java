package dev.supermachine.oci;

import dev.supermachine.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.Optional;

/** An image in a registry (OCI distribution specification, "Pull"). */
final class RegistryOrigin implements ImageOrigin {

    /** The name by which Docker's registry is known is not the one by which it is reached. */
    private static final String DOCKER_HUB_HOST = "registry-1.docker.io";

    private final ImageReference reference;
    private final URI base;
    private final RegistryHttp http;
    private final RegistryFailures failures;
    private final RegistryAuth auth;

    RegistryOrigin(ImageReference reference, PullSettings settings, CredentialHelpers helpers) {
        this.reference = reference;
        this.base = base(reference.registry());
        this.failures = new RegistryFailures(reference);
        this.http = new RegistryHttp(settings, failures);
        this.auth = new RegistryAuth(
                http,
                failures,
                reference.repository(),
                () -> settings.dockerConfig()
                        .flatMap(file -> new DockerConfig(file, helpers).find(reference.registry())));
    }

    static URI base(String registry) {
        return RegistryHttp.base(registry.equals(ImageReference.DOCKER_HUB) ? DOCKER_HUB_HOST : registry);
    }

    @Override
    public String name() {
        return reference.toString();
    }

    @Override
    public String where(Descriptor content) {
        boolean manifest = MediaTypes.isIndex(content.mediaType()) || MediaTypes.isManifest(content.mediaType());
        return uri(manifest ? "manifests" : "blobs", content.digest().toString())
                .toString();
    }

    private URI uri(String kind, String identifier) {
        return base.resolve("/v2/" + reference.repository() + "/" + kind + "/" + identifier);
    }

    @Override
    public Manifest.Raw root(Platform platform) throws IOException {
        URI uri = uri("manifests", reference.identifier());
        HttpResponse<InputStream> response = get(uri, Optional.empty());
        byte[] bytes;
        try (InputStream body = response.body()) {
            bytes = body.readNBytes(Manifest.MAX_BYTES + 1);
        } catch (InterruptedIOException e) {
            throw failure("interrupted while reading " + uri + ".", e);
        } catch (IOException e) {
            throw failure(uri + " broke off: " + e.getMessage() + ". Nothing was stored. Pull again.", e);
        }
        if (bytes.length > Manifest.MAX_BYTES) {
            throw failure(uri + " is too large: expected at most " + Manifest.MAX_BYTES + " bytes, found more.");
        }
        String type = MediaTypes.ofHeader(
                response.headers().firstValue("Content-Type").orElse(""));
        Manifest.Raw raw = Manifest.Raw.of(bytes, type);
        // What the user pinned decides; else the registry's own word, which at least shows damage on the way.
        Optional<Digest> expected = reference
                .checkedDigest()
                .or(() -> response.headers().firstValue("Docker-Content-Digest").flatMap(Digest::tryParse));
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
        return get(uri("manifests", manifest.digest().toString()), Optional.empty())
                .body();
    }

    @Override
    public InputStream open(Descriptor blob) throws IOException {
        return get(uri("blobs", blob.digest().toString()), Optional.of(blob)).body();
    }

    private HttpResponse<InputStream> get(URI uri, Optional<Descriptor> blob) throws IOException {
        Map<String, String> headers = blob.isPresent() ? Map.of() : Map.of("Accept", MediaTypes.ACCEPT_MANIFEST);
        Optional<String> authorization = auth.current();
        HttpResponse<InputStream> response = http.get(uri, headers, authorization);
        if (response.statusCode() == 401 && RegistryHttp.sameOrigin(base, response.uri())) {
            Optional<String> next =
                    auth.afterRefusal(authorization, base, response.headers().allValues("WWW-Authenticate"));
            if (next.isPresent()) {
                response.body().close();
                response = http.get(uri, headers, next);
            }
        }
        if (response.statusCode() != 200) {
            throw failures.status(response, auth.credentials(), blob);
        }
        return response;
    }
}
