package dev.supermachine.oci;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** One server that has an image: its registry, or a mirror of that (OCI distribution specification, "Pull"). Thread-safe. */
final class RegistryEndpoint {

    /** The name by which Docker's registry is known is not the one by which it is reached. */
    private static final String DOCKER_HUB_HOST = "registry-1.docker.io";

    /**
     * A small document as it came, unverified.
     *
     * @param mediaType what the server calls it; empty if it does not say
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Document(byte[] bytes, String mediaType, Optional<Digest> announced) {}

    private final URI base;
    private final String repository;
    private final PullSettings settings;
    private final RegistryHttp http;
    private final RegistryFailures failures;
    private final RegistryAuth auth;

    /**
     * @param asked what is pulled, for messages
     * @param here the same image as this server knows it
     */
    RegistryEndpoint(ImageReference asked, ImageReference here, PullSettings settings, CredentialHelpers helpers) {
        this.base = base(here.registry());
        this.repository = here.repository();
        this.settings = settings;
        this.failures = new RegistryFailures(asked, here);
        this.http = new RegistryHttp(settings, failures);
        this.auth = new RegistryAuth(
                http,
                failures,
                repository,
                () -> settings.dockerConfig().flatMap(file -> new DockerConfig(file, helpers).find(here.registry())));
    }

    static URI base(String registry) {
        return RegistryHttp.base(registry.equals(ImageReference.DOCKER_HUB) ? DOCKER_HUB_HOST : registry);
    }

    /** Where content is, for messages. */
    String where(Descriptor content) {
        return (MediaTypes.isIndex(content.mediaType()) || MediaTypes.isManifest(content.mediaType())
                        ? manifest(content.digest().toString())
                        : blob(content))
                .toString();
    }

    private URI manifest(String identifier) {
        return base.resolve("/v2/" + repository + "/manifests/" + identifier);
    }

    private URI blob(Descriptor content) {
        return base.resolve("/v2/" + repository + "/blobs/" + content.digest());
    }

    /** A manifest by tag or digest, cut off behind a number of bytes. */
    Document manifest(String identifier, int limit) throws IOException, NotServed {
        return document(manifest(identifier), Optional.empty(), limit);
    }

    /** A small blob, cut off behind a number of bytes. */
    byte[] document(Descriptor content, int limit) throws IOException, NotServed {
        return document(blob(content), Optional.of(content), limit).bytes();
    }

    private Document document(URI uri, Optional<Descriptor> blob, int limit) throws IOException, NotServed {
        Retry retry = new Retry(settings.retries());
        while (true) {
            Optional<Duration> wait;
            try (RegistryAnswer answer = get(uri, blob, 0)) {
                byte[] bytes = answer.body().readNBytes(limit);
                HttpHeaders headers = answer.headers();
                return new Document(
                        bytes,
                        MediaTypes.ofHeader(headers.firstValue("Content-Type").orElse("")),
                        headers.firstValue("Docker-Content-Digest").flatMap(Digest::tryParse));
            } catch (InterruptedIOException e) {
                throw failures.failure("interrupted while reading " + uri + ".", e);
            } catch (IOException e) {
                wait = retry.next(Optional.empty());
                if (wait.isEmpty()) {
                    String brief = uri + " broke off: " + Messages.reason(e) + ".";
                    throw new NotServed(
                            brief,
                            false,
                            failures.failure(brief + retry.summary() + " Nothing was stored. Pull again.", e));
                }
            }
            Retry.pause(wait.get());
        }
    }

    /**
     * A blob from some byte on. A server that does not know ranges sends all of it, and what is not wanted is read over.
     *
     * @throws WrongRange if the server sends another part than was asked for
     */
    InputStream openAt(Descriptor blob, long offset) throws IOException, NotServed {
        RegistryAnswer answer = get(blob(blob), Optional.of(blob), offset);
        try {
            if (answer.status() == 206) {
                String sent = answer.headers().firstValue("Content-Range").orElse("");
                checkRange(answer.request(), sent, offset, blob.size());
            } else {
                answer.body().skipNBytes(offset);
            }
            return answer.body();
        } catch (EOFException e) {
            answer.close();
            throw new WrongRange(
                    answer.request() + " answered with less than the " + offset + " bytes that came before");
        } catch (IOException e) {
            answer.close();
            throw e;
        }
    }

    /** Holds a {@code Content-Range} (RFC 9110, section 14.4) to everything from an offset on. */
    static void checkRange(String request, String sent, long offset, long size) throws WrongRange {
        String wanted = "bytes " + offset + "-" + (size - 1) + "/";
        String range = sent.strip();
        if (!range.equals(wanted + size) && !range.equals(wanted + "*")) {
            throw new WrongRange(request + " was asked for '" + wanted + size + "' and answered 206 with '"
                    + Messages.excerpt(range) + "'");
        }
    }

    /** What a server sends is not the part that it was asked for. */
    static final class WrongRange extends IOException {

        private static final long serialVersionUID = 1L;

        WrongRange(String message) {
            super(message);
        }
    }

    /** An answer that is 200, or 206 to a request from an offset on. */
    private RegistryAnswer get(URI uri, Optional<Descriptor> blob, long offset) throws IOException, NotServed {
        Map<String, String> headers = new HashMap<>();
        if (blob.isEmpty()) {
            headers.put("Accept", MediaTypes.ACCEPT_MANIFEST);
        }
        if (offset > 0) {
            headers.put("Range", "bytes=" + offset + "-");
        }
        Optional<String> authorization = auth.current();
        RegistryAnswer answer = http.get(uri, headers, authorization);
        if (answer.status() == 401 && RegistryHttp.sameOrigin(base, answer.uri())) {
            Optional<String> next =
                    auth.afterRefusal(authorization, base, answer.headers().allValues("WWW-Authenticate"));
            if (next.isPresent()) {
                answer.close();
                answer = http.get(uri, headers, next);
            }
        }
        if (answer.status() == 416 && offset > 0) {
            // What it has is shorter than what we have; all of it will show that.
            answer.close();
            return get(uri, blob, 0);
        }
        if (answer.status() != 200 && !(answer.status() == 206 && offset > 0)) {
            throw failures.status(answer, auth.credentials(), blob);
        }
        return answer;
    }
}
