package dev.supermachine.benchmarks;

import dev.supermachine.hash.Sha256;
import dev.supermachine.json.JsonWriter;
import dev.supermachine.tar.TarWriter;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/**
 * An image in OCI layout, of any size: few large and many small files in a tree, as distributions have them, with pieces of this JDK's own files as content,
 * so that it compresses as programs do. The upper layers replace and delete some of what is below. The same on every call with the same JDK.
 */
final class SyntheticImage {

    static final String TAG = "bench";

    private static final int LAYERS = 4;
    private static final int FILES_PER_DIRECTORY = 40;
    private static final double TYPICAL_BYTES = 6000;
    private static final double SPREAD = 2.0;
    private static final int LARGEST_BYTES = 24 << 20;
    private static final int NAMES = 40_000;
    private static final Instant MODIFIED = Instant.ofEpochSecond(1_700_000_000);

    private final Path directory;
    private final ByteBuffer material;
    private final Random random = new Random(7);

    private SyntheticImage(Path directory, ByteBuffer material) {
        this.directory = directory;
        this.material = material;
    }

    /** Writes one whose files have so many bytes together. */
    static void write(Path directory, long bytes) throws IOException {
        Path modules = Path.of(System.getProperty("java.home"), "lib", "modules");
        try (FileChannel channel = FileChannel.open(modules)) {
            ByteBuffer material =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, Math.min(channel.size(), Integer.MAX_VALUE));
            new SyntheticImage(directory, material).write(bytes);
        }
    }

    private void write(long bytes) throws IOException {
        Files.createDirectories(blobs());
        List<Object> layers = new ArrayList<>();
        List<String> diffIds = new ArrayList<>();
        for (int i = 0; i < LAYERS; i++) {
            layers.add(layer(i, bytes / LAYERS, diffIds));
        }
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("architecture", "amd64");
        config.put("os", "linux");
        config.put("config", Map.of("Cmd", List.of("/bin/true")));
        config.put("rootfs", Map.of("type", "layers", "diff_ids", diffIds));
        Map<String, Object> manifest = new LinkedHashMap<>();
        manifest.put("schemaVersion", 2);
        manifest.put("mediaType", "application/vnd.oci.image.manifest.v1+json");
        manifest.put("config", document("application/vnd.oci.image.config.v1+json", config));
        manifest.put("layers", layers);
        Map<String, Object> entry =
                new LinkedHashMap<>(document("application/vnd.oci.image.manifest.v1+json", manifest));
        entry.put("annotations", Map.of("org.opencontainers.image.ref.name", TAG));
        Map<String, Object> index = new LinkedHashMap<>();
        index.put("schemaVersion", 2);
        index.put("manifests", List.of(entry));
        Files.writeString(directory.resolve("index.json"), JsonWriter.compact(index));
        Files.writeString(directory.resolve("oci-layout"), JsonWriter.compact(Map.of("imageLayoutVersion", "1.0.0")));
    }

    private Path blobs() {
        return directory.resolve("blobs").resolve("sha256");
    }

    private Map<String, Object> layer(int number, long bytes, List<String> diffIds) throws IOException {
        Path part = blobs().resolve("layer-" + number);
        MessageDigest blob = Sha256.newDigest();
        MessageDigest tar = Sha256.newDigest();
        try (OutputStream file = new DigestOutputStream(Files.newOutputStream(part), blob);
                OutputStream gzip = new GZIPOutputStream(file, 1 << 16);
                OutputStream plain = new DigestOutputStream(gzip, tar)) {
            entries(new TarWriter(plain), number, bytes);
        }
        String digest = Sha256.hex(blob);
        diffIds.add("sha256:" + Sha256.hex(tar));
        long size = Files.size(part);
        Files.move(part, blobs().resolve(digest));
        return descriptor("application/vnd.oci.image.layer.v1.tar+gzip", digest, size);
    }

    private void entries(TarWriter tar, int number, long bytes) throws IOException {
        tar.directory(meta("usr", 0755));
        tar.directory(meta("usr/lib", 0755));
        long left = bytes;
        for (int i = 0; left > 0; i++) {
            String parent = "usr/lib/layer-" + number + "-" + i / FILES_PER_DIRECTORY;
            if (i % FILES_PER_DIRECTORY == 0) {
                tar.directory(meta(parent, 0755));
                tar.symbolicLink(meta(parent + "/current", 0777), "file-" + i);
            }
            if (i % FILES_PER_DIRECTORY == 1 && number > 0 && i < NAMES) {
                // takes a whole directory of the layer below away
                tar.file(meta("usr/lib/.wh.layer-" + (number - 1) + "-" + i, 0644), 0, InputStream.nullInputStream());
            }
            byte[] content = content((int) Math.min(left, size()));
            tar.file(
                    meta(parent + "/file-" + i, i % 5 == 0 ? 0755 : 0644),
                    content.length,
                    new ByteArrayInputStream(content));
            left -= content.length;
        }
        tar.end();
    }

    /** Most are small, a few are very large. */
    private long size() {
        return Math.min(LARGEST_BYTES, 1 + (long) (TYPICAL_BYTES * Math.exp(SPREAD * random.nextGaussian())));
    }

    private byte[] content(int length) {
        byte[] content = new byte[length];
        material.get(random.nextInt(Math.max(1, material.capacity() - length)), content);
        return content;
    }

    private static TarWriter.Meta meta(String name, int mode) {
        return new TarWriter.Meta(name, mode, 0, 0, MODIFIED);
    }

    private Map<String, Object> document(String mediaType, Map<String, Object> members) throws IOException {
        byte[] text = JsonWriter.compact(members).getBytes(StandardCharsets.UTF_8);
        MessageDigest hash = Sha256.newDigest();
        hash.update(text);
        String digest = Sha256.hex(hash);
        Files.write(blobs().resolve(digest), text);
        return descriptor(mediaType, digest, text.length);
    }

    private static Map<String, Object> descriptor(String mediaType, String digest, long size) {
        Map<String, Object> descriptor = new LinkedHashMap<>();
        descriptor.put("mediaType", mediaType);
        descriptor.put("digest", "sha256:" + digest);
        descriptor.put("size", size);
        return descriptor;
    }
}
