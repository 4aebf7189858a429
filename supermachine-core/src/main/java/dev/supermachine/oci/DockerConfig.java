package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;

/**
 * Docker's configuration file, as far as it says how to log in: {@code credHelpers} names a program for a registry, {@code credsStore} one for all others, and
 * {@code auths} has what is not kept by a program. As with Docker a program is asked first.
 */
final class DockerConfig {

    /** What Docker calls its own registry in files and towards helpers. */
    private static final String DOCKER_HUB_SERVER = "https://index.docker.io/v1/";

    private final Path file;
    private final CredentialHelpers helpers;

    DockerConfig(Path file, CredentialHelpers helpers) {
        this.file = file;
        this.helpers = helpers;
    }

    /**
     * Looks a registry up; may run a program, for the first time a registry is asked for.
     *
     * @throws ImageException if the file is there but cannot be read, or a program that it names fails
     */
    Optional<DockerCredentials> find(String registry) {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new ImageException(
                    "The credentials in " + file + " cannot be read: " + e
                            + ". Check its permissions, or set DOCKER_CONFIG.",
                    e);
        }
        try {
            JsonDocument config = JsonDocument.parse(bytes);
            Optional<DockerCredentials> kept = fromHelper(config, registry);
            return kept.isPresent() ? kept : fromAuths(config, registry);
        } catch (JsonFormatException e) {
            throw new ImageException(
                    "The credentials in " + file + " cannot be read: " + e.getMessage() + ". Run docker login again.",
                    e);
        }
    }

    private Optional<DockerCredentials> fromHelper(JsonDocument config, String registry) throws JsonFormatException {
        String server = registry.equals(ImageReference.DOCKER_HUB) ? DOCKER_HUB_SERVER : registry;
        Optional<JsonDocument> ofRegistries = config.optionalObject("credHelpers");
        if (ofRegistries.isPresent()) {
            for (String key : ofRegistries.get().names()) {
                if (host(key).equals(host(registry))) {
                    return helpers.ask(
                            ofRegistries.get().string(key),
                            server,
                            "credHelpers." + Messages.excerpt(key) + " in " + file);
                }
            }
        }
        Optional<String> store = config.optionalString("credsStore").filter(name -> !name.isEmpty());
        return store.isPresent() ? helpers.ask(store.get(), server, "credsStore in " + file) : Optional.empty();
    }

    private Optional<DockerCredentials> fromAuths(JsonDocument config, String registry) throws JsonFormatException {
        Optional<JsonDocument> auths = config.optionalObject("auths");
        if (auths.isEmpty()) {
            return Optional.empty();
        }
        for (String key : auths.get().names()) {
            if (host(key).equals(host(registry))) {
                try {
                    return entry(auths.get().object(key), key);
                } catch (JsonFormatException e) {
                    // The exception quotes what it found, which may be a password: it goes no further.
                    throw malformed(key, ": expected an object with strings in it");
                }
            }
        }
        return Optional.empty();
    }

    /** Keys are hosts or URLs; all names of Docker's own registry mean the same. */
    static String host(String key) {
        String host = key.toLowerCase(Locale.ROOT);
        int scheme = host.indexOf("://");
        host = scheme < 0 ? host : host.substring(scheme + 3);
        int slash = host.indexOf('/');
        host = slash < 0 ? host : host.substring(0, slash);
        return host.equals("index.docker.io") || host.equals("registry-1.docker.io") ? ImageReference.DOCKER_HUB : host;
    }

    private Optional<DockerCredentials> entry(JsonDocument entry, String key) throws JsonFormatException {
        Optional<String> token = entry.optionalString("identitytoken").filter(text -> !text.isEmpty());
        if (token.isPresent()) {
            return Optional.of(new DockerCredentials(DockerCredentials.TOKEN_USER, token.get(), file.toString()));
        }
        Optional<String> auth = entry.optionalString("auth").filter(text -> !text.isEmpty());
        if (auth.isEmpty()) {
            String user = entry.optionalString("username").orElse("");
            return user.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new DockerCredentials(
                            user, entry.optionalString("password").orElse(""), file.toString()));
        }
        String decoded;
        try {
            decoded = new String(Base64.getDecoder().decode(auth.get().strip()), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw malformed(key, ".auth: expected user:password in base64");
        }
        int colon = decoded.indexOf(':');
        if (colon <= 0) {
            throw malformed(key, ".auth: expected user:password in base64");
        }
        return Optional.of(
                new DockerCredentials(decoded.substring(0, colon), decoded.substring(colon + 1), file.toString()));
    }

    private ImageException malformed(String key, String expected) {
        return new ImageException("The credentials in " + file + " cannot be read: auths." + Messages.excerpt(key)
                + expected
                + ". Run docker login " + Messages.excerpt(host(key)) + " again.");
    }
}
