package dev.supermachine.oci;

import com.github.luben.zstd.Zstd;
import dev.supermachine.json.JsonWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** A small image made in memory, in any of the forms in which images travel. */
public final class TestImage {

    /** How a layer is compressed. */
    enum Form {
        PLAIN(MediaTypes.OCI_LAYER),
        GZIP(MediaTypes.OCI_LAYER + "+gzip"),
        GZIP_MEMBERS(MediaTypes.OCI_LAYER + "+gzip"),
        ZSTD(MediaTypes.OCI_LAYER + "+zstd"),
        /** Frames with skippable ones between and behind them, as in zstd:chunked. */
        ZSTD_CHUNKED(MediaTypes.OCI_LAYER + "+zstd");

        final String mediaType;

        Form(String mediaType) {
            this.mediaType = mediaType;
        }

        byte[] apply(byte[] tar) {
            int half = tar.length / 2;
            return switch (this) {
                case PLAIN -> tar;
                case GZIP -> gzip(tar, 0, tar.length);
                case GZIP_MEMBERS -> join(gzip(tar, 0, half), gzip(tar, half, tar.length - half));
                case ZSTD -> Zstd.compress(tar);
                case ZSTD_CHUNKED ->
                    join(
                            join(Zstd.compress(Arrays.copyOf(tar, half)), SKIPPABLE),
                            join(Zstd.compress(Arrays.copyOfRange(tar, half, tar.length)), join(SKIPPABLE, SKIPPABLE)));
            };
        }
    }

    private static final byte[] SKIPPABLE = {0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9};

    /** An empty gzip member whose extra field says where the table of contents is: the end of an eStargz layer. */
    private static final byte[] ESTARGZ_FOOTER = footer();

    final Map<Digest, byte[]> blobs = new LinkedHashMap<>();
    final List<byte[]> tars = new ArrayList<>();
    final List<Map<String, Object>> layers = new ArrayList<>();
    final Map<String, Object> config = new LinkedHashMap<>();
    private final List<String> diffIds = new ArrayList<>();

    public TestImage(String architecture) {
        config.put("os", "linux");
        config.put("architecture", architecture);
        config.put(
                "config",
                Map.of(
                        "Entrypoint", List.of("/entry"),
                        "Cmd", List.of("serve"),
                        "Env", List.of("PATH=/bin", "MODE=a=b"),
                        "ExposedPorts", Map.of("5432/tcp", Map.of()),
                        "User", "postgres",
                        "WorkingDir", "/data",
                        "StopSignal", "SIGINT",
                        "Labels", Map.of("role", "test")));
        config.put("rootfs", Map.of("type", "layers", "diff_ids", diffIds));
    }

    static TestImage of(Form... forms) {
        TestImage image = new TestImage("amd64");
        for (Form form : forms) {
            image.layer(tar("file" + image.layers.size(), "content of layer " + image.layers.size()), form);
        }
        return image;
    }

    TestImage layer(byte[] tar, Form form) {
        tars.add(tar);
        diffIds.add(Digest.of(tar).toString());
        layers.add(blob(form.mediaType, form.apply(tar)));
        return this;
    }

    /** A layer in eStargz: a gzip member for each file, the landmark and the table of contents among the files, a footer. */
    public TestImage estargz(Map<String, byte[]> files) {
        Map<String, byte[]> all = new LinkedHashMap<>();
        all.put(".no.prefetch.landmark", new byte[] {0xf});
        all.putAll(files);
        all.put("stargz.index.json", json(Map.of("version", 1, "entries", List.of())));
        byte[] plain = new byte[0];
        byte[] compressed = new byte[0];
        for (Map.Entry<String, byte[]> file : all.entrySet()) {
            byte[] tar = tar(Map.of(file.getKey(), file.getValue()));
            boolean last = file.getKey().equals("stargz.index.json");
            int length = last ? tar.length : 512 + (file.getValue().length + 511) / 512 * 512;
            plain = join(plain, Arrays.copyOf(tar, length));
            compressed = join(compressed, gzip(tar, 0, length));
        }
        tars.add(plain);
        diffIds.add(Digest.of(plain).toString());
        layers.add(blob(Form.GZIP.mediaType, join(compressed, ESTARGZ_FOOTER)));
        return this;
    }

    private static byte[] footer() {
        byte[] extra = "0000000000000400STARGZ".getBytes(StandardCharsets.US_ASCII);
        byte[] header = {0x1f, (byte) 0x8b, 8, 4, 0, 0, 0, 0, 0, (byte) 0xff, 26, 0, 'S', 'G', 22, 0};
        byte[] emptyDeflateAndTrailer = {1, 0, 0, (byte) 0xff, (byte) 0xff, 0, 0, 0, 0, 0, 0, 0, 0};
        return join(join(header, extra), emptyDeflateAndTrailer);
    }

    /** Makes the configuration lie about a layer. */
    void setDiffId(int layer, Digest diffId) {
        diffIds.set(layer, diffId.toString());
    }

    Map<String, Object> blob(String mediaType, byte[] bytes) {
        Digest digest = Digest.of(bytes);
        blobs.put(digest, bytes);
        Map<String, Object> descriptor = new LinkedHashMap<>();
        descriptor.put("mediaType", mediaType);
        descriptor.put("digest", digest.toString());
        descriptor.put("size", bytes.length);
        return descriptor;
    }

    byte[] configBytes() {
        return json(config);
    }

    byte[] manifest() {
        return manifest(MediaTypes.OCI_MANIFEST, MediaTypes.OCI_CONFIG);
    }

    byte[] manifest(String type, String configType) {
        Map<String, Object> manifest = new LinkedHashMap<>();
        manifest.put("schemaVersion", 2);
        manifest.put("mediaType", type);
        manifest.put("config", blob(configType, configBytes()));
        manifest.put("layers", layers);
        return json(manifest);
    }

    Digest layerDigest(int layer) {
        return Digest.parse(String.valueOf(layers.get(layer).get("digest")), "test");
    }

    byte[] layerBytes(int layer) {
        return Objects.requireNonNull(blobs.get(layerDigest(layer)));
    }

    static byte[] json(Object value) {
        return JsonWriter.compact(value).getBytes(StandardCharsets.UTF_8);
    }

    static Map<String, Object> entry(byte[] manifest, String type, String architecture) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("mediaType", type);
        entry.put("digest", Digest.of(manifest).toString());
        entry.put("size", manifest.length);
        if (!architecture.isEmpty()) {
            entry.put("platform", Map.of("os", "linux", "architecture", architecture));
        }
        return entry;
    }

    static byte[] index(List<Map<String, Object>> entries) {
        Map<String, Object> index = new LinkedHashMap<>();
        index.put("schemaVersion", 2);
        index.put("mediaType", MediaTypes.OCI_INDEX);
        index.put("manifests", entries);
        return json(index);
    }

    /** The files of an OCI layout with one image for each tag. */
    public static Map<String, byte[]> layout(Map<String, TestImage> images) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        List<Map<String, Object>> entries = new ArrayList<>();
        files.put("oci-layout", json(Map.of("imageLayoutVersion", "1.0.0")));
        images.forEach((tag, image) -> {
            byte[] manifest = image.manifest();
            image.blobs.forEach((digest, bytes) -> files.put("blobs/sha256/" + digest.hex(), bytes));
            files.put("blobs/sha256/" + Digest.of(manifest).hex(), manifest);
            Map<String, Object> entry = entry(manifest, MediaTypes.OCI_MANIFEST, "");
            if (!tag.isEmpty()) {
                entry.put("annotations", Map.of(Descriptor.REF_NAME, tag));
            }
            entries.add(entry);
        });
        files.put("index.json", index(entries));
        return files;
    }

    Map<String, byte[]> layout() {
        return layout(Map.of("", this));
    }

    /** The files that docker save writes; Jib writes the same with compressed layers. */
    Map<String, byte[]> dockerSave(String tag) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        byte[] configBytes = configBytes();
        String configName = Digest.of(configBytes).hex() + ".json";
        List<String> names = new ArrayList<>();
        for (int i = 0; i < layers.size(); i++) {
            String name = layerDigest(i).hex() + "/layer.tar";
            files.put(name, layerBytes(i));
            names.add(name);
        }
        files.put(configName, configBytes);
        files.put(
                "manifest.json",
                json(List.of(Map.of("Config", configName, "RepoTags", List.of(tag), "Layers", names))));
        return files;
    }

    public static Path write(Path directory, Map<String, byte[]> files) {
        try {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                Path path = directory.resolve(file.getKey());
                Files.createDirectories(path.getParent());
                Files.write(path, file.getValue());
            }
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] tar(Map<String, byte[]> files) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                TarArchiveEntry entry = new TarArchiveEntry(file.getKey());
                entry.setSize(file.getValue().length);
                entry.setModTime(0L);
                tar.putArchiveEntry(entry);
                tar.write(file.getValue());
                tar.closeArchiveEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static byte[] tar(String name, String content) {
        return tar(Map.of(name, content.getBytes(StandardCharsets.UTF_8)));
    }

    static byte[] gzip(byte[] bytes, int offset, int length) {
        ByteArrayOutputStream result = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(result)) {
            gzip.write(bytes, offset, length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return result.toByteArray();
    }

    static byte[] join(byte[] first, byte[] second) {
        ByteArrayOutputStream result = new ByteArrayOutputStream();
        result.writeBytes(first);
        result.writeBytes(second);
        return result.toByteArray();
    }
}
