package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.Platform;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import java.util.Map;
import java.util.Optional;

/** A pointer to content (OCI image specification, "Content Descriptors"). */
record Descriptor(
        String mediaType, Digest digest, long size, Optional<Platform> platform, Map<String, String> annotations) {

    static final String REF_NAME = "org.opencontainers.image.ref.name";

    static Descriptor of(String mediaType, Digest digest, long size) {
        return new Descriptor(mediaType, digest, size, Optional.empty(), Map.of());
    }

    /** Reads a descriptor; {@code what} is its document and member, for messages. */
    static Descriptor read(JsonDocument json, String what) throws JsonFormatException {
        long size = json.integer("size");
        if (size < 0) {
            throw new ImageException(what + ": size: expected a number of bytes, but found " + size + ".");
        }
        Digest digest = Digest.parse(json.string("digest"), what + ": digest");
        String mediaType = json.optionalString("mediaType").orElse("");
        return new Descriptor(mediaType, digest, size, platform(json), json.stringMap("annotations"));
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
