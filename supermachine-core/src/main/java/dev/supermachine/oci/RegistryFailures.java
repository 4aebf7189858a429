package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** What is said when a registry cannot be reached or answers with something else than content: tried, found, next step. */
final class RegistryFailures {

    private static final int MAX_ERROR = 64 * 1024;

    private final ImageReference asked;
    private final ImageReference reference;

    /**
     * @param asked what is pulled
     * @param here the same image as the server that fails knows it, a mirror perhaps
     */
    RegistryFailures(ImageReference asked, ImageReference here) {
        this.asked = asked;
        this.reference = here;
    }

    ImageException failure(String what, @Nullable Throwable cause) {
        return new ImageException("Cannot pull " + asked + ": " + what, cause);
    }

    /** No answer; {@code tries} says how often one was hoped for. */
    NotServed unreachable(HttpRequest request, IOException cause, PullSettings settings, String tries) {
        URI uri = request.uri();
        String tried = request.method() + " " + RegistryHttp.withoutQuery(uri);
        String host = uri.getHost();
        if (has(cause, UnresolvedAddressException.class) || has(cause, UnknownHostException.class)) {
            return notReached(
                    "the host '" + host + "' is unknown (tried " + tried + ").",
                    " Check the spelling of the reference, and the name servers and proxy settings of this machine.",
                    cause);
        }
        if (has(cause, HttpConnectTimeoutException.class)) {
            return notReached(
                    "no connection to " + uri.getAuthority() + " within "
                            + settings.connectTimeout().toMillis() + " ms (tried " + tried + ").",
                    " Check host and port, and whether a firewall or a proxy is in between.",
                    cause);
        }
        if (has(cause, HttpTimeoutException.class)) {
            return notReached(
                    uri.getAuthority() + " did not begin to answer within "
                            + settings.headerTimeout().toMillis() + " ms (tried " + tried + ").",
                    " The registry is overloaded or hangs; try again, or look at its log.",
                    cause);
        }
        if (has(cause, ConnectException.class)) {
            return notReached(
                    "nothing accepts connections at " + uri.getAuthority() + " (tried " + tried
                            + ": connection refused).",
                    " Check that the registry runs, and its host and port.",
                    cause);
        }
        if (has(cause, SSLException.class)) {
            return notReached(
                    "no secure connection to " + uri.getAuthority() + " (tried " + tried + ": " + Messages.reason(cause)
                            + ").",
                    " Registries on other machines need https with a certificate that this Java trusts; one of your own is made known"
                            + " with the setting supermachine.registry.ca.file. Plain http is used for localhost only.",
                    cause);
        }
        return notReached(
                "the connection to " + uri.getAuthority() + " failed (tried " + tried + ": " + Messages.reason(cause)
                        + ")." + tries,
                " Try again; if it stays, look at the registry's log and at proxies in between.",
                cause);
    }

    private NotServed notReached(String what, String next, IOException cause) {
        return new NotServed(what, true, failure(what + next, cause));
    }

    ImageException redirect(URI uri, String how) {
        return failure(
                "GET " + RegistryHttp.withoutQuery(uri) + " cannot be followed: " + how
                        + ". The registry is set up wrongly.",
                null);
    }

    /**
     * An answer that is none of those hoped for; closes its body. What another server may do better is a {@link NotServed}, and the rest is thrown.
     */
    NotServed status(RegistryAnswer answer, Optional<DockerCredentials> credentials, Optional<Descriptor> blob) {
        int status = answer.status();
        String answered = answer.request() + " answered " + status + detail(answer);
        if (status == 401 || status == 403) {
            throw unauthorized(answered, credentials);
        }
        if (status == 404) {
            return notServed(answered, blob.map(this::missing).orElseGet(this::unknown));
        }
        if (status == 429) {
            return notServed(
                    answered,
                    ", expected 200." + answer.tries()
                            + " The registry limits how often it is asked. Try again later, log in (docker login "
                            + reference.registry() + "), or use a mirror (supermachine.registry.mirrors).");
        }
        if (status >= 500) {
            return notServed(
                    answered,
                    ", expected 200." + answer.tries()
                            + " The registry has a problem of its own; try again, or look at its log.");
        }
        throw failure(answered + ", expected 200. Check that " + reference.registry() + " is an image registry.", null);
    }

    private NotServed notServed(String answered, String rest) {
        return new NotServed(answered + ".", false, failure(answered + rest, null));
    }

    private String missing(Descriptor blob) {
        return ". The registry has the manifest, but not the content " + blob.digest() + " that it names"
                + blob.foreign().map(text -> ". " + text).orElse(": the image is incomplete there. Push it again.");
    }

    private String unknown() {
        String asked = reference.checkedDigest().isPresent()
                ? "no manifest with the digest " + reference.identifier()
                : "no tag '" + reference.identifier() + "'";
        return ". " + reference.registry() + " has " + asked + " in the repository '" + reference.repository()
                + "', or no such repository. Check the spelling, and that the image was pushed there.";
    }

    ImageException unauthorized(String answered, Optional<DockerCredentials> credentials) {
        String registry = reference.registry();
        return failure(
                credentials
                        .map(found -> answered + ". The registry does not accept " + found
                                + " for the repository '" + reference.repository()
                                + "'. Run docker login " + registry
                                + " again, and check the user's rights.")
                        .orElseGet(
                                () -> answered + ". The registry wants credentials for the repository '"
                                        + reference.repository()
                                        + "', and there are none for " + registry
                                        + " in Docker's config.json or in the credential helpers that it names. Run docker login "
                                        + registry
                                        + ", and check the spelling: many registries answer like this for repositories that do not exist."),
                null);
    }

    /** Status text and the registry's own words (distribution specification, "Error Codes"), as far as there are any. */
    private static String detail(RegistryAnswer answer) {
        try (InputStream body = answer.body()) {
            List<JsonDocument> errors =
                    JsonDocument.parse(body.readNBytes(MAX_ERROR)).objects("errors");
            if (errors.isEmpty()) {
                return "";
            }
            String code = errors.get(0).optionalString("code").orElse("");
            String message = errors.get(0).optionalString("message").orElse("");
            return " (" + Messages.excerpt(code + (message.isEmpty() ? "" : ": " + message)) + ")";
        } catch (JsonFormatException e) {
            return "";
        } catch (IOException e) {
            return " (and its explanation broke off: " + Messages.reason(e) + ")";
        }
    }

    static boolean has(Throwable failure, Class<? extends Throwable> kind) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (kind.isInstance(cause)) {
                return true;
            }
        }
        return false;
    }
}
