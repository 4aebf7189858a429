package dev.supermachine.oci;

import dev.supermachine.ImageException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What follows {@code oci-layout:} or {@code oci-archive:}.
 *
 * @param path absolute and normalized
 * @param tag which image, or empty
 */
record PathAndTag(Path path, Optional<String> tag) {

    static PathAndTag parse(String text, String prefix) {
        String rest = text.substring(prefix.length());
        if (rest.isEmpty()) {
            throw new ImageException("Not an image source: '" + text + "': the path after " + prefix + " is missing.");
        }
        int colon = rest.lastIndexOf(':');
        if (colon > 0 && ReferenceParser.isTag(rest.substring(colon + 1)) && !Files.exists(path(text, rest))) {
            return new PathAndTag(path(text, rest.substring(0, colon)), Optional.of(rest.substring(colon + 1)));
        }
        return new PathAndTag(path(text, rest), Optional.empty());
    }

    private static Path path(String text, String path) {
        try {
            return Path.of(path).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw new ImageException(
                    "Not an image source: '" + Messages.excerpt(text) + "': " + e.getReason() + ".", e);
        }
    }
}
