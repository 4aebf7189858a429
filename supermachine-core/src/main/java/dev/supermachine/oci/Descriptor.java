package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.Platform;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A pointer to content (OCI image specification, "Content Descriptors").
 *
 * @param urls where else the content is to be had; nothing is ever fetched from there
 */
record Descriptor(
        String mediaType,
        Digest digest,
        long size,
        Optional<Platform> platform,
        Map<String, String> annotations,
        List<String> urls) {

    static final String REF_NAME = "org.opencontainers.image.ref.name";

    static Descriptor of(String mediaType, Digest digest, long size) {
        return new Descriptor(mediaType, digest, size, Optional.empty(), Map.of(), List.of());
    }

    /** What is said of content that is missing because nobody may pass it on, for messages; empty if it is any other. */
    Optional<String> foreign() {
        if (!MediaTypes.isForeign(mediaType) && urls.isEmpty()) {
            return Optional.empty();
        }
        String where = urls.isEmpty()
                ? ""
                : ", but is to be had at " + Messages.excerpt(urls.get(0).replaceAll("[?].*", ""));
        return Optional.of(
                "It is a layer of the kind that registries do not have to keep (" + Messages.excerpt(mediaType) + ")"
                        + where
                        + ". Layers are fetched from where the image is and from nowhere else: push it together with them, or choose an image without.");
    }

    /** Reads a descriptor; {@code what} is its document and member, for messages. */
    static Descriptor read(JsonDocument json, String what) throws JsonFormatException {
        long size = json.integer("size");
        if (size < 0) {
            throw new ImageException(what + ": size: expected a number of bytes, but found " + size + ".");
        }
        Digest digest = Digest.parse(json.string("digest"), what + ": digest");
        String mediaType = json.optionalString("mediaType").orElse("");
        return new Descriptor(
                mediaType, digest, size, platform(json), json.stringMap("annotations"), json.strings("urls"));
    }

    private static Optional<Platform> platform(JsonDocument json) throws JsonFormatException {
        Optional<JsonDocument> platform = json.optionalObject("platform");
        if (platform.isEmpty()) {
            return Optional.empty();
        }
        String os = platform.get().optionalString("os").orElse("");
        String architecture = platform.get().optionalString("architecture").orElse("");
        String variant = platform.get().optionalString("variant").orElse("");
        return os.isBlank() || architecture.isBlank()
                ? Optional.empty()
                : Optional.of(new Platform(os, architecture, variant));
    }
}
