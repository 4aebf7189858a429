package dev.supermachine.testing;

import dev.supermachine.hash.Sha256;
import dev.supermachine.json.JsonWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** An image to be written as an OCI layout with the tag {@code test}, with any lie in it that a test wants. */
public final class OciLayout {

    public static final String LAYER = "application/vnd.oci.image.layer.v1.tar";
    private static final String CONFIG = "application/vnd.oci.image.config.v1+json";
    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

    private final Map<String, byte[]> blobs = new LinkedHashMap<>();
    private final List<Map<String, Object>> layers = new ArrayList<>();
    private final List<Object> diffIds = new ArrayList<>();
    private final Map<String, Object> config = new TreeMap<>();
    private final Map<String, Object> manifest = new TreeMap<>();

    public OciLayout() {
        config.put("architecture", "amd64");
        config.put("os", "linux");
        config.put("config", Map.of());
        config.put("rootfs", Map.of("type", "layers", "diff_ids", diffIds));
        manifest.put("schemaVersion", 2);
        manifest.put("layers", layers);
    }

    /** A layer as it is stored, uncompressed. */
    public OciLayout tar(byte[] tar) {
        return layer(LAYER, tar, tar);
    }

    /**
     * A layer.
     *
     * @param mediaType what the manifest says it is
     * @param stored its bytes as they are stored
     * @param tar the bytes that the configuration promises
     */
    public OciLayout layer(String mediaType, byte[] stored, byte[] tar) {
        return layer(mediaType, stored, digest(tar));
    }

    /** As above, with the digest that the configuration promises. */
    public OciLayout layer(String mediaType, byte[] stored, String diffId) {
        layers.add(blob(mediaType, stored));
        diffIds.add(diffId);
        return this;
    }

    /** Replaces a member of the configuration; null takes it away. */
    public OciLayout config(String member, @Nullable Object value) {
        set(config, member, value);
        return this;
    }

    /** Replaces a member of the manifest; null takes it away. */
    public OciLayout manifest(String member, @Nullable Object value) {
        set(manifest, member, value);
        return this;
    }

    /** Replaces a member of a layer's descriptor. */
    public OciLayout descriptor(int layer, String member, Object value) {
        layers.get(layer).put(member, value);
        return this;
    }

    private static void set(Map<String, Object> object, String member, @Nullable Object value) {
        if (value == null) {
            object.remove(member);
        } else {
            object.put(member, value);
        }
    }

    /** The diff_id of the last layer. */
    public String diffId() {
        return (String) diffIds.get(diffIds.size() - 1);
    }

    /** The digest of the last layer as it is stored. */
    public String layerDigest() {
        return String.valueOf(layers.get(layers.size() - 1).get("digest"));
    }

    /** Writes the files. Nothing changes the image any more. */
    public void write(Path directory) throws IOException {
        Files.createDirectories(directory.resolve("blobs/sha256"));
        Files.writeString(directory.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
        manifest.putIfAbsent("config", blob(CONFIG, json(config)));
        Map<String, Object> described = blob(MANIFEST, json(manifest));
        described.put("annotations", Map.of("org.opencontainers.image.ref.name", "test"));
        for (Map.Entry<String, byte[]> blob : blobs.entrySet()) {
            Files.write(directory.resolve("blobs/sha256").resolve(blob.getKey()), blob.getValue());
        }
        Files.write(directory.resolve("index.json"), json(Map.of("schemaVersion", 2, "manifests", List.of(described))));
    }

    private Map<String, Object> blob(String mediaType, byte[] content) {
        String hash = Sha256.hex(content);
        blobs.put(hash, content);
        Map<String, Object> descriptor = new TreeMap<>();
        descriptor.put("mediaType", mediaType);
        descriptor.put("digest", "sha256:" + hash);
        descriptor.put("size", content.length);
        return descriptor;
    }

    public static String digest(byte[] bytes) {
        return "sha256:" + Sha256.hex(bytes);
    }

    private static byte[] json(Object value) {
        return JsonWriter.compact(value).getBytes(StandardCharsets.UTF_8);
    }
}
