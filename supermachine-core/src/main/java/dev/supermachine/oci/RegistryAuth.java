package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * The {@code Authorization} for one repository: nothing at first, then what the registry's answer asks for. Credentials are looked up when a registry wants
 * some, and not before: that may run a program. Thread-safe; threads that are refused at the same time share one new token.
 */
final class RegistryAuth {

    private static final int MAX_TOKEN = 1 << 20;

    /** What can be in a header as it is (RFC 9110, section 5.5); the HTTP client refuses most of what is left. */
    private static final Pattern FIT_FOR_HEADER = Pattern.compile("[\\x20-\\x7e]*");

    private final RegistryHttp http;
    private final RegistryFailures failures;
    private final String defaultScope;
    private final Supplier<Optional<DockerCredentials>> lookup;
    private Optional<DockerCredentials> credentials = Optional.empty(); // guarded by this
    private boolean lookedUp; // guarded by this
    private Optional<String> current = Optional.empty(); // guarded by this

    RegistryAuth(
            RegistryHttp http,
            RegistryFailures failures,
            String repository,
            Supplier<Optional<DockerCredentials>> lookup) {
        this.http = http;
        this.failures = failures;
        this.defaultScope = "repository:" + repository + ":pull";
        this.lookup = lookup;
    }

    synchronized Optional<DockerCredentials> credentials() {
        if (!lookedUp) {
            credentials = lookup.get();
            lookedUp = true;
        }
        return credentials;
    }

    synchronized Optional<String> current() {
        return current;
    }

    /**
     * Something else to try after a 401.
     *
     * @param refused what the refused request was sent with
     * @return the new header, or empty if there is nothing left to try
     */
    synchronized Optional<String> afterRefusal(Optional<String> refused, URI registry, List<String> headers)
            throws IOException, NotServed {
        if (!current.equals(refused)) {
            return current; // another thread was quicker
        }
        for (AuthChallenge challenge : AuthChallenge.parse(headers)) {
            if (challenge.scheme().equals("bearer")
                    && challenge.parameter("realm").isPresent()) {
                current = Optional.of("Bearer " + token(challenge, registry));
                return current;
            }
            if (challenge.scheme().equals("basic")) {
                // An identity token is for token servers only.
                Optional<String> basic =
                        credentials().filter(found -> !found.isIdentityToken()).map(DockerCredentials::basic);
                if (basic.isEmpty()) {
                    continue;
                }
                if (basic.equals(refused)) {
                    return Optional.empty();
                }
                current = basic;
                return current;
            }
        }
        return Optional.empty();
    }

    /**
     * A token for the challenge: with an identity token by OAuth2 (distribution specification, "Docker Registry v2 authentication using OAuth2"), else with user
     * and password or with nothing ("Token Authentication Specification").
     */
    private String token(AuthChallenge challenge, URI registry) throws IOException, NotServed {
        String realm = challenge.parameter("realm").orElseThrow();
        StringBuilder form = new StringBuilder();
        challenge.parameter("service").ifPresent(service -> append(form, "service", service));
        String scope = challenge.parameter("scope").orElse(defaultScope);
        Optional<DockerCredentials> found = credentials();
        if (found.isPresent() && found.get().isIdentityToken()) {
            URI uri = tokenServer(realm, realm, registry);
            append(form, "scope", scope);
            append(form, "client_id", "supermachine");
            append(form, "grant_type", "refresh_token");
            append(form, "refresh_token", found.get().secret());
            return token(http.post(uri, form.toString()));
        }
        for (String one : scope.split(" ", -1)) {
            append(form, "scope", one);
        }
        URI uri = tokenServer(realm + (realm.contains("?") ? "&" : "?") + form, realm, registry);
        return token(http.get(uri, Map.of(), found.map(DockerCredentials::basic)));
    }

    private URI tokenServer(String text, String realm, URI registry) {
        URI uri;
        try {
            uri = URI.create(text);
        } catch (IllegalArgumentException e) {
            throw failures.failure(
                    "the registry names a token server that is not a URL: '" + Messages.excerpt(realm) + "'.", e);
        }
        if (!RegistryHttp.isSafe(registry, uri)) {
            throw failures.failure(
                    "the registry names the token server " + Messages.excerpt(realm)
                            + ", but credentials and tokens are sent over https only, or over plain http from this machine to itself. The registry is set up"
                            + " wrongly.",
                    null);
        }
        return uri;
    }

    private String token(RegistryAnswer answer) throws IOException, NotServed {
        if (answer.status() != 200) {
            throw failures.status(answer, credentials(), Optional.empty());
        }
        try (answer) {
            JsonDocument json = JsonDocument.parse(answer.body().readNBytes(MAX_TOKEN));
            Optional<String> token = json.optionalString("token").filter(text -> !text.isEmpty());
            return fitForHeader(token.isPresent() ? token.get() : json.string("access_token"), answer);
        } catch (JsonFormatException e) {
            throw malformed(answer);
        }
    }

    /** The token goes into a header without any encoding. */
    private String fitForHeader(String token, RegistryAnswer answer) {
        if (!FIT_FOR_HEADER.matcher(token).matches()) {
            throw failures.failure(
                    "the token in the token server's answer to " + answer.request() + " cannot be sent: among its "
                            + token.length()
                            + " characters are some that cannot be in a header, such as line feeds; expected printable ASCII. The registry is"
                            + " set up wrongly.",
                    null);
        }
        return token;
    }

    /** Without the exception of the parser, which quotes what it found. */
    private ImageException malformed(RegistryAnswer answer) {
        return failures.failure(
                "the token server's answer to " + answer.request()
                        + " cannot be read: expected a JSON object with a string token or access_token. The registry is set up wrongly.",
                null);
    }

    private static void append(StringBuilder query, String name, String value) {
        query.append(query.isEmpty() ? "" : "&")
                .append(name)
                .append('=')
                .append(URLEncoder.encode(value, StandardCharsets.UTF_8));
    }
}
