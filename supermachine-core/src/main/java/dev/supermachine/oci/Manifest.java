package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import java.util.ArrayList;
import java.util.List;

/** A parsed manifest: of one image, or an index of several. */
sealed interface Manifest {

    /** The largest manifest that is read; registries accept 4 MiB as well. */
    int MAX_BYTES = 4 << 20;

    /** An image (OCI image specification, "Image Manifest"; Docker image manifest version 2, schema 2). */
    record Image(Descriptor config, List<Descriptor> layers) implements Manifest {}

    /** Images for several platforms ("Image Index"; Docker's "Manifest List"). */
    record Index(List<Descriptor> manifests) implements Manifest {}

    /**
     * A manifest as it was served; the digest is over exactly these bytes.
     *
     * @param mediaType what the other side called it; empty if it did not say
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared, never handed out
    record Raw(byte[] bytes, String mediaType, Digest digest) {
        static Raw of(byte[] bytes, String mediaType) {
            return new Raw(bytes, mediaType, Digest.of(bytes));
        }
    }

    /** Parses a manifest of a known type; {@code what} names it in messages. */
    static Manifest parse(Raw raw, String what) {
        try {
            JsonDocument json = JsonDocument.parse(raw.bytes());
            String type = type(raw, json, what);
            return MediaTypes.isIndex(type) ? index(json, what) : image(json, what);
        } catch (JsonFormatException e) {
            throw new ImageException(
                    what + " cannot be read: " + e.getMessage()
                            + ". Whoever made the image wrote a manifest against the specification.",
                    e);
        }
    }

    private static String type(Raw raw, JsonDocument json, String what) throws JsonFormatException {
        String inside = json.optionalString("mediaType").orElse("");
        String type = raw.mediaType().isEmpty() ? inside : raw.mediaType();
        if (!inside.isEmpty() && !inside.equals(type)) {
            throw new ImageException(what + " was served as '" + Messages.excerpt(type) + "' but calls itself '"
                    + Messages.excerpt(inside)
                    + "'; which of the two to believe is not safe to guess. Push the image again.");
        }
        if (MediaTypes.isSchema1(type) || (type.isEmpty() && json.has("fsLayers"))) {
            throw new ImageException(what
                    + " is a Docker schema 1 manifest, a format that was retired in 2019 and cannot be verified layer"
                    + " by layer. Push the image again with a current tool.");
        }
        if (type.isEmpty()) {
            type = inferred(json);
        }
        if (!MediaTypes.isIndex(type) && !MediaTypes.isManifest(type)) {
            throw new ImageException(what + " has the unknown type '" + Messages.excerpt(type) + "'. Expected "
                    + MediaTypes.OCI_INDEX + ", " + MediaTypes.OCI_MANIFEST + ", " + MediaTypes.DOCKER_LIST + " or "
                    + MediaTypes.DOCKER_MANIFEST + ". It may not be a container image.");
        }
        if (json.has("manifests") && (json.has("layers") || json.has("config"))) {
            throw new ImageException(
                    what
                            + " is an index and an image at once; which to believe is not safe to guess. Push the image again.");
        }
        return type;
    }

    /** The field mediaType is optional in OCI documents; then the members tell. */
    private static String inferred(JsonDocument json) {
        if (json.has("manifests")) {
            return MediaTypes.OCI_INDEX;
        }
        return json.has("layers") && json.has("config") ? MediaTypes.OCI_MANIFEST : "";
    }

    private static Index index(JsonDocument json, String what) throws JsonFormatException {
        List<Descriptor> manifests = new ArrayList<>();
        for (JsonDocument entry : json.objects("manifests")) {
            manifests.add(Descriptor.read(entry, what + ": manifests[" + manifests.size() + "]"));
        }
        return new Index(List.copyOf(manifests));
    }

    private static Image image(JsonDocument json, String what) throws JsonFormatException {
        Descriptor config = Descriptor.read(json.object("config"), what + ": config");
        if (!MediaTypes.isConfig(config.mediaType())) {
            throw new ImageException(what + " is not a container image: its config is of type '"
                    + Messages.excerpt(config.mediaType()) + "', expected " + MediaTypes.OCI_CONFIG + " or "
                    + MediaTypes.DOCKER_CONFIG
                    + ". Check that the reference names an image and not another kind of artifact.");
        }
        List<Descriptor> layers = new ArrayList<>();
        for (JsonDocument entry : json.objects("layers")) {
            String member = what + ": layers[" + layers.size() + "]";
            Descriptor layer = Descriptor.read(entry, member);
            if (!MediaTypes.isLayer(layer.mediaType())) {
                throw new ImageException(
                        member + " has the unknown type '" + Messages.excerpt(layer.mediaType())
                                + "'. Expected a tar, plain or compressed with gzip or zstd. Encrypted and other special layers are not supported.");
            }
            layers.add(layer);
        }
        return new Image(config, List.copyOf(layers));
    }
}
