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
import org.jspecify.annotations.Nullable;

/**
 * A user and a password for a registry, from the {@code auths} of Docker's configuration file. {@code toString} never shows the password.
 *
 * @param user the user's name
 * @param password the password or access token
 * @param file where they were found, for messages
 */
record DockerCredentials(String user, String password, Path file) {

    /** The value of an {@code Authorization} header. */
    String basic() {
        String joined = user + ":" + password;
        return "Basic " + Base64.getEncoder().encodeToString(joined.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Looks a registry up.
     *
     * @throws ImageException if the file is there but cannot be read
     */
    static Optional<DockerCredentials> find(Path file, String registry) {
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
            Optional<JsonDocument> auths = JsonDocument.parse(bytes).optionalObject("auths");
            if (auths.isEmpty()) {
                return Optional.empty();
            }
            for (String key : auths.get().names()) {
                if (host(key).equals(host(registry))) {
                    return read(auths.get().object(key), file, key);
                }
            }
            return Optional.empty();
        } catch (JsonFormatException e) {
            throw new ImageException(
                    "The credentials in " + file + " cannot be read: " + e.getMessage() + ". Run docker login again.",
                    e);
        }
    }

    /** Keys are hosts or URLs; all names of Docker's own registry mean the same. */
    private static String host(String key) {
        String host = key.toLowerCase(Locale.ROOT);
        int scheme = host.indexOf("://");
        host = scheme < 0 ? host : host.substring(scheme + 3);
        int slash = host.indexOf('/');
        host = slash < 0 ? host : host.substring(0, slash);
        return host.equals("index.docker.io") || host.equals("registry-1.docker.io") ? ImageReference.DOCKER_HUB : host;
    }

    private static Optional<DockerCredentials> read(JsonDocument entry, Path file, String key)
            throws JsonFormatException {
        Optional<String> auth = entry.optionalString("auth").filter(text -> !text.isEmpty());
        if (auth.isEmpty()) {
            String user = entry.optionalString("username").orElse("");
            return user.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new DockerCredentials(
                            user, entry.optionalString("password").orElse(""), file));
        }
        String decoded;
        try {
            decoded = new String(Base64.getDecoder().decode(auth.get().strip()), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw malformed(file, key, e);
        }
        int colon = decoded.indexOf(':');
        if (colon <= 0) {
            throw malformed(file, key, null);
        }
        return Optional.of(new DockerCredentials(decoded.substring(0, colon), decoded.substring(colon + 1), file));
    }

    private static ImageException malformed(Path file, String key, @Nullable IllegalArgumentException cause) {
        return new ImageException(
                "The credentials in " + file + " cannot be read: auths." + key
                        + ".auth: expected user:password in base64. Run docker login " + host(key) + " again.",
                cause);
    }

    @Override
    public String toString() {
        return user + " of " + file;
    }
}
