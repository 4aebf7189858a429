package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.hash.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A copy of an image in OCI layout whose configuration has more members. */
final class ChangedConfig {

    private static final Pattern MANIFEST = Pattern.compile("\"digest\":\"sha256:([0-9a-f]{64})\",\"size\":([0-9]+)");
    private static final Pattern CONFIG =
            Pattern.compile("\"config\":\\{[^}]*\"digest\":\"sha256:([0-9a-f]{64})\",\"size\":([0-9]+)");

    private ChangedConfig() {}

    /**
     * Makes the copy.
     *
     * @param members JSON, for the object {@code config}
     * @return a reference to it
     */
    static String of(String image, String members, Path directory) throws IOException {
        Path source = TestImages.file(image + ".oci").toRealPath();
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, directory.resolve(source.relativize(file).toString()));
            }
        }
        Path blobs = directory.resolve("blobs/sha256");
        String index = Files.readString(directory.resolve("index.json"));
        String manifest = Files.readString(blobs.resolve(found(MANIFEST, index).group(1)));
        String config = Files.readString(blobs.resolve(found(CONFIG, manifest).group(1)));

        assertThat(config).containsOnlyOnce("\"config\":{");
        String changedConfig = config.replace("\"config\":{", "\"config\":{" + members + ",");
        String changedManifest = withBlob(blobs, changedConfig, manifest, CONFIG);
        String changedIndex = withBlob(blobs, changedManifest, index, MANIFEST);
        Files.writeString(directory.resolve("index.json"), changedIndex);
        return "oci-layout:" + directory;
    }

    /** Writes a blob, and what points to it changed to it. */
    private static String withBlob(Path blobs, String blob, String pointer, Pattern place) throws IOException {
        byte[] bytes = blob.getBytes(StandardCharsets.UTF_8);
        String digest = Sha256.hex(bytes);
        Files.write(blobs.resolve(digest), bytes);
        Matcher matcher = found(place, pointer);
        return pointer.substring(0, matcher.start(1))
                + digest
                + pointer.substring(matcher.end(1), matcher.start(2))
                + bytes.length
                + pointer.substring(matcher.end(2));
    }

    private static Matcher found(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        assertThat(matcher.find()).as("%s in %s", pattern, text).isTrue();
        return matcher;
    }
}
