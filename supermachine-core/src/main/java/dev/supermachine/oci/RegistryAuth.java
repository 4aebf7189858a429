package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The {@code Authorization} for one repository: nothing at first, then what the registry's answer asks for. Thread-safe; threads that are refused at the same
 * time share one new token.
 */
final class RegistryAuth {

    private static final int MAX_TOKEN = 1 << 20;

    private final RegistryHttp http;
    private final RegistryFailures failures;
    private final String defaultScope;
    private final Optional<DockerCredentials> credentials;
    private Optional<String> current = Optional.empty();

    RegistryAuth(
            RegistryHttp http, RegistryFailures failures, String repository, Optional<DockerCredentials> credentials) {
        this.http = http;
        this.failures = failures;
        this.defaultScope = "repository:" + repository + ":pull";
        this.credentials = credentials;
    }

    Optional<DockerCredentials> credentials() {
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
            throws IOException {
        if (!current.equals(refused)) {
            return current; // another thread was quicker
        }
        for (AuthChallenge challenge : AuthChallenge.parse(headers)) {
            if (challenge.scheme().equals("bearer")
                    && challenge.parameter("realm").isPresent()) {
                current = Optional.of("Bearer " + token(challenge, registry));
                return current;
            }
            if (challenge.scheme().equals("basic") && credentials.isPresent()) {
                Optional<String> basic = credentials.map(DockerCredentials::basic);
                if (basic.equals(refused)) {
                    return Optional.empty();
                }
                current = basic;
                return current;
            }
        }
        return Optional.empty();
    }

    /** Distribution specification, "Token Authentication Specification". */
    private String token(AuthChallenge challenge, URI registry) throws IOException {
        String realm = challenge.parameter("realm").orElseThrow();
        StringBuilder query = new StringBuilder();
        challenge.parameter("service").ifPresent(service -> append(query, "service", service));
        for (String scope : challenge.parameter("scope").orElse(defaultScope).split(" ", -1)) {
            append(query, "scope", scope);
        }
        URI uri;
        try {
            uri = URI.create(realm + (realm.contains("?") ? "&" : "?") + query);
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
        HttpResponse<InputStream> response = http.get(uri, Map.of(), credentials.map(DockerCredentials::basic));
        if (response.statusCode() != 200) {
            throw failures.status(response, credentials, Optional.empty());
        }
        try (InputStream body = response.body()) {
            JsonDocument json = JsonDocument.parse(body.readNBytes(MAX_TOKEN));
            Optional<String> token = json.optionalString("token").filter(text -> !text.isEmpty());
            return token.isPresent() ? token.get() : json.string("access_token");
        } catch (JsonFormatException e) {
            throw malformed(uri, e);
        }
    }

    private ImageException malformed(URI uri, JsonFormatException cause) {
        return failures.failure(
                "the token server's answer to GET " + RegistryHttp.withoutQuery(uri) + " cannot be read: "
                        + cause.getMessage() + ". The registry is set up wrongly.",
                cause);
    }

    private static void append(StringBuilder query, String name, String value) {
        query.append(query.isEmpty() ? "" : "&")
                .append(name)
                .append('=')
                .append(URLEncoder.encode(value, StandardCharsets.UTF_8));
    }
}
