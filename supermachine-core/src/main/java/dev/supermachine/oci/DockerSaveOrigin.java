package dev.supermachine.oci;

import dev.supermachine.Platform;
import dev.supermachine.hash.Sha256;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import dev.supermachine.json.JsonWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * An image in the format of {@code docker save} (Docker image specification v1.2, "Combined Image JSON + Filesystem Changeset Format"), which Jib's tar has
 * too. It has no manifest with digests; one is derived from the files, the same for the same files.
 */
final class DockerSaveOrigin implements ImageOrigin {

    static final String INDEX = "manifest.json";
    private static final int MAX_CONFIG = 4 << 20;

    private record Saved(String config, List<String> tags, List<String> layers) {}

    private final String name;
    private final LayoutFiles files;
    private final Optional<String> tag;
    private final Optional<ImageReference> among;
    private final Map<Digest, String> paths = new LinkedHashMap<>();

    DockerSaveOrigin(String name, LayoutFiles files, Optional<String> tag, Optional<ImageReference> among) {
        this.name = name;
        this.files = files;
        this.tag = tag;
        this.among = among;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String where(Descriptor content) {
        String path = paths.get(content.digest());
        return files.where(path == null ? content.digest().toString() : path);
    }

    @Override
    public Manifest.Raw root(Platform platform) throws IOException {
        Saved saved = choose(read());
        Map<String, Object> manifest = new LinkedHashMap<>();
        manifest.put("schemaVersion", 2);
        manifest.put("mediaType", MediaTypes.OCI_MANIFEST);
        manifest.put("config", describe(saved.config(), MediaTypes.OCI_CONFIG, false));
        List<Object> layers = new ArrayList<>();
        for (String layer : saved.layers()) {
            layers.add(describe(layer, MediaTypes.OCI_LAYER, true));
        }
        manifest.put("layers", layers);
        return Manifest.Raw.of(JsonWriter.compact(manifest).getBytes(StandardCharsets.UTF_8), MediaTypes.OCI_MANIFEST);
    }

    private List<Saved> read() throws IOException {
        List<Saved> result = new ArrayList<>();
        try (InputStream in = files.open(INDEX)) {
            String text = new String(in.readNBytes(MAX_CONFIG), StandardCharsets.UTF_8);
            // The root of this document is an array, which our reader takes as a member only.
            for (JsonDocument entry :
                    JsonDocument.parse("{\"images\":" + text + "}").objects("images")) {
                result.add(new Saved(entry.string("Config"), entry.strings("RepoTags"), entry.strings("Layers")));
            }
        } catch (JsonFormatException e) {
            throw failure(files.where(INDEX) + " cannot be read: " + e.getMessage() + ". Save the image again.", e);
        }
        return result;
    }

    private Saved choose(List<Saved> all) {
        List<Saved> candidates = all.stream()
                .filter(saved -> tag.isEmpty()
                        || saved.tags().stream()
                                .anyMatch(found -> found.equals(tag.get()) || found.endsWith(":" + tag.get())))
                .toList();
        if (among.isPresent() && candidates.size() > 1) {
            candidates = NameMatch.choose(candidates, Saved::tags, among.get());
        }
        if (candidates.size() == 1) {
            return candidates.get(0);
        }
        TreeSet<String> tags = new TreeSet<>();
        all.forEach(saved -> tags.addAll(saved.tags()));
        String found = tags.isEmpty() ? all.size() + " without a tag" : Messages.excerpt(String.join(", ", tags));
        throw failure(
                candidates.isEmpty() && tag.isPresent()
                        ? "there is no image tagged '" + tag.get() + "' in it. Found: " + found + "."
                        : "it holds " + all.size() + " images, and it is not said which one is meant. Found: " + found
                                + (among.isPresent()
                                        ? ". None of them alone is '"
                                                + among.get().familiar() + "': use its name as the reference."
                                        : ". Put ':' and a tag behind the path."));
    }

    private Map<String, Object> describe(String path, String mediaType, boolean layer) throws IOException {
        if (!files.contains(path)) {
            throw failure(files.where(path) + " is missing, although " + INDEX
                    + " names it. The archive is incomplete; save it again.");
        }
        MessageDigest hash = Sha256.newDigest();
        long size = 0;
        String suffix = "";
        try (InputStream in = files.open(path)) {
            byte[] buffer = in.readNBytes(64 * 1024);
            suffix = layer ? Decompression.mediaTypeSuffix(Arrays.copyOf(buffer, Math.min(4, buffer.length))) : "";
            for (int count = buffer.length; count > 0; count = in.readNBytes(buffer, 0, buffer.length)) {
                hash.update(buffer, 0, count);
                size += count;
            }
        }
        Digest digest = Digest.of(hash);
        paths.put(digest, path);
        Map<String, Object> descriptor = new LinkedHashMap<>();
        descriptor.put("mediaType", mediaType + suffix);
        descriptor.put("digest", digest.toString());
        descriptor.put("size", size);
        return descriptor;
    }

    @Override
    public InputStream open(Descriptor content) throws IOException {
        String path = paths.get(content.digest());
        if (path == null) {
            throw failure("it holds no file with the digest " + content.digest() + ".");
        }
        return files.open(path);
    }

    @Override
    public void close() throws IOException {
        files.close();
    }
}
