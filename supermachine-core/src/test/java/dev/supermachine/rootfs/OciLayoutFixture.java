package dev.supermachine.rootfs;

import dev.supermachine.json.JsonWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Layers as an OCI image layout with the tag {@code test}, uncompressed. */
final class OciLayoutFixture {

    private OciLayoutFixture() {}

    static void write(Path directory, List<TestLayer> layers) throws IOException {
        Files.createDirectories(directory.resolve("blobs/sha256"));
        Files.writeString(directory.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
        List<Object> descriptors = new ArrayList<>();
        List<Object> diffIds = new ArrayList<>();
        for (TestLayer layer : layers) {
            descriptors.add(blob(directory, "application/vnd.oci.image.layer.v1.tar", layer.tar()));
            diffIds.add(layer.diffId());
        }
        Map<String, Object> config = blob(
                directory,
                "application/vnd.oci.image.config.v1+json",
                json(Map.of(
                        "architecture",
                        "amd64",
                        "os",
                        "linux",
                        "config",
                        Map.of(),
                        "rootfs",
                        Map.of("type", "layers", "diff_ids", diffIds))));
        Map<String, Object> manifest = blob(
                directory,
                "application/vnd.oci.image.manifest.v1+json",
                json(Map.of("schemaVersion", 2, "config", config, "layers", descriptors)));
        manifest.put("annotations", Map.of("org.opencontainers.image.ref.name", "test"));
        Files.write(directory.resolve("index.json"), json(Map.of("schemaVersion", 2, "manifests", List.of(manifest))));
    }

    private static byte[] json(Object value) {
        return JsonWriter.compact(value).getBytes(StandardCharsets.UTF_8);
    }

    private static Map<String, Object> blob(Path directory, String mediaType, byte[] content) throws IOException {
        String hash = TestLayer.sha256(content);
        Files.write(directory.resolve("blobs/sha256").resolve(hash), content);
        Map<String, Object> descriptor = new java.util.TreeMap<>();
        descriptor.put("mediaType", mediaType);
        descriptor.put("digest", "sha256:" + hash);
        descriptor.put("size", content.length);
        return descriptor;
    }
}
