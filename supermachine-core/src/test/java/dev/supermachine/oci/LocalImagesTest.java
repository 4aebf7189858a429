package dev.supermachine.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.oci.TestImage.Form;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images that are files: layouts, archives, docker save. */
class LocalImagesTest {

    @TempDir
    Path temp;

    private ContentStore store;
    private ImagePuller puller;

    @BeforeEach
    void openStore() {
        store = new ContentStore(temp.resolve("store"));
        puller = new ImagePuller(store, PullListener.SILENT);
    }

    @Test
    void readsALayoutWithEveryCompression() throws IOException {
        TestImage image = TestImage.of(Form.PLAIN, Form.GZIP, Form.GZIP_MEMBERS, Form.ZSTD);
        Path layout = TestImage.write(temp.resolve("layout"), image.layout());

        PulledImage pulled = pull(ImageSource.ociLayout(layout));

        assertThat(pulled.reference()).isEqualTo("oci-layout:" + layout);
        assertThat(pulled.manifestDigest())
                .isEqualTo(Digest.of(image.manifest()).toString());
        assertThat(pulled.fromCache()).isFalse();
        assertLayers(pulled, image);
        ImageConfig config = pulled.config();
        assertThat(config.entrypoint()).containsExactly("/entry");
        assertThat(config.cmd()).containsExactly("serve");
        assertThat(config.env()).containsExactly(Map.entry("PATH", "/bin"), Map.entry("MODE", "a=b"));
        assertThat(config.tcpPorts()).containsExactly(5432);
        assertThat(config.user()).isEqualTo("postgres");
        assertThat(config.workingDir()).isEqualTo("/data");
        assertThat(config.stopSignal()).isEqualTo("SIGINT");
        assertThat(config.labels()).containsExactly(Map.entry("role", "test"));
    }

    @Test
    void readsAnArchivePlainAndCompressed() throws IOException {
        TestImage image = TestImage.of(Form.GZIP, Form.ZSTD);
        byte[] tar = TestImage.tar(image.layout());
        for (Form form : Form.values()) {
            Path archive = Files.write(temp.resolve(form + ".tar"), form.apply(tar));
            assertLayers(pull(ImageSource.ociArchive(archive)), image);
        }
        assertThat(temp.resolve("store/tmp")).isEmptyDirectory();
    }

    @Test
    void readsWhatDockerSaveWrites() throws IOException {
        TestImage image = TestImage.of(Form.PLAIN, Form.GZIP);
        Path archive = archive("saved.tar", image.dockerSave("team/app:1"));

        PulledImage pulled = pull(ImageSource.ociArchive(archive));

        assertLayers(pulled, image);
        assertThat(pulled.layers())
                .extracting(ImageLayer::mediaType)
                .containsExactly(MediaTypes.OCI_LAYER, MediaTypes.OCI_LAYER + "+gzip");
        Path again = archive("again.tar", image.dockerSave("team/app:1"));
        assertThat(pull(ImageSource.ociArchive(again)).manifestDigest()).isEqualTo(pulled.manifestDigest());
    }

    @Test
    void takesTheLayoutFromAnArchiveThatIsBoth() throws IOException {
        TestImage image = TestImage.of(Form.GZIP);
        Map<String, byte[]> files = new LinkedHashMap<>(image.dockerSave("app:1"));
        files.putAll(image.layout());
        PulledImage pulled = pull(ImageSource.ociArchive(archive("both.tar", files)));
        assertThat(pulled.manifestDigest())
                .isEqualTo(Digest.of(image.manifest()).toString());
    }

    @Test
    void picksTheTag() throws IOException {
        TestImage one = TestImage.of(Form.GZIP);
        TestImage two = TestImage.of(Form.GZIP, Form.GZIP);
        Map<String, TestImage> images = new LinkedHashMap<>();
        images.put("1", one);
        images.put("2", two);
        Path layout = TestImage.write(temp.resolve("layout"), TestImage.layout(images));

        assertLayers(pull(ImageSource.of("oci-layout:" + layout + ":2")), two);
        assertThatThrownBy(() -> pull(ImageSource.ociLayout(layout)))
                .isInstanceOf(ImageException.class)
                .hasMessage("Cannot pull oci-layout:" + layout
                        + ": there are several images in it, and it is not said which one is meant. Found: 1, 2."
                        + " Put ':' and a tag behind the path.");
        assertThatThrownBy(() -> pull(ImageSource.of("oci-layout:" + layout + ":3")))
                .hasMessage(
                        "Cannot pull oci-layout:" + layout + ":3: there is no image tagged '3' in it. Found: 1, 2.");
    }

    @Test
    void ofSeveralTheNameChooses() throws IOException {
        TestImage one = TestImage.of(Form.GZIP);
        TestImage two = TestImage.of(Form.GZIP, Form.GZIP);
        Map<String, TestImage> tags = new LinkedHashMap<>();
        tags.put("1", one);
        tags.put("2", two);
        Path tagged = TestImage.write(temp.resolve("tagged"), TestImage.layout(tags));
        Map<String, TestImage> names = new LinkedHashMap<>();
        names.put("other:2", one);
        names.put("docker.io/library/app:2", two);
        Path named = archive("named.tar", TestImage.layout(names));

        assertLayers(pull(ImageSource.ociLayout(tagged, name("app:2"))), two);
        assertLayers(pull(ImageSource.ociLayout(tagged, name("app:1"))), one);
        assertLayers(pull(ImageSource.ociArchive(named, name("app:2"))), two);
        assertLayers(pull(ImageSource.ociArchive(named, name("other:2"))), one);
        assertThatThrownBy(() -> pull(ImageSource.ociLayout(tagged, name("app:3"))))
                .isInstanceOf(ImageException.class)
                .hasMessage("Cannot pull oci-layout:" + tagged
                        + ": there are several images in it, and it is not said which one is meant. Found: 1, 2."
                        + " None of them alone is 'app:3': use its name as the reference.");
    }

    @Test
    void ofSeveralSavedByDockerTheNameChooses() throws IOException {
        TestImage one = TestImage.of(Form.GZIP);
        TestImage two = TestImage.of(Form.GZIP, Form.GZIP);
        Map<String, byte[]> first = one.dockerSave("app:1");
        Map<String, byte[]> second = two.dockerSave("app:2");
        Map<String, byte[]> files = new LinkedHashMap<>(first);
        files.putAll(second);
        files.put("manifest.json", joined(first.get("manifest.json"), second.get("manifest.json")));
        Path archive = archive("saved.tar", files);

        assertLayers(pull(ImageSource.ociArchive(archive, name("app:1"))), one);
        assertLayers(pull(ImageSource.ociArchive(archive, name("docker.io/library/app:2"))), two);
        assertThatThrownBy(() -> pull(ImageSource.ociArchive(archive, name("app:3"))))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("None of them alone is 'app:3'");
    }

    @Test
    void theOnlyImageIsTakenWhateverItsName() throws IOException {
        TestImage image = TestImage.of(Form.GZIP);
        Path archive = archive("saved.tar", image.dockerSave("team/app:1"));
        assertLayers(pull(ImageSource.ociArchive(archive, name("anything"))), image);
    }

    private static Optional<ImageReference> name(String text) {
        return Optional.of(ImageReference.parse(text));
    }

    private static byte[] joined(byte @Nullable [] one, byte @Nullable [] two) {
        String first = new String(Objects.requireNonNull(one), StandardCharsets.UTF_8).strip();
        String second = new String(Objects.requireNonNull(two), StandardCharsets.UTF_8).strip();
        return (first.substring(0, first.length() - 1) + "," + second.substring(1)).getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void readsAnArchiveAgainOnlyWhenItChanged() throws IOException {
        Path archive = archive("app.tar", TestImage.of(Form.GZIP).dockerSave("app:1"));
        String first = pull(ImageSource.ociArchive(archive)).manifestDigest();

        PulledImage unchanged = pull(ImageSource.ociArchive(archive));
        assertThat(unchanged.fromCache()).isTrue();
        assertThat(unchanged.manifestDigest()).isEqualTo(first);

        archive("app.tar", TestImage.of(Form.GZIP, Form.GZIP).dockerSave("app:1"));
        PulledImage changed = pull(ImageSource.ociArchive(archive));
        assertThat(changed.fromCache()).isFalse();
        assertThat(changed.layers()).hasSize(2);
    }

    @Test
    void saysWhatAnArchiveIsNot() throws IOException {
        Path missing = temp.resolve("missing.tar");
        assertThatThrownBy(() -> pull(ImageSource.ociArchive(missing)))
                .hasMessage("Cannot pull oci-archive:" + missing
                        + ": the archive cannot be read: no such file. Check the path and how the image was written.");
        Path text = Files.writeString(temp.resolve("text.tar"), "hello\n".repeat(200));
        assertThatThrownBy(() -> pull(ImageSource.ociArchive(text)))
                .hasMessageContaining("the archive cannot be read: it is not a tar");
        Path other = archive("other.tar", Map.of("etc/passwd", new byte[10]));
        assertThatThrownBy(() -> pull(ImageSource.ociArchive(other)))
                .hasMessage("Cannot pull oci-archive:" + other
                        + ": the archive holds no image: expected index.json (OCI layout) or manifest.json (docker save) in it,"
                        + " found neither. A tar of a container's files (docker export) is not an image.");
        byte[] tar = TestImage.tar(TestImage.of(Form.GZIP).layout());
        Path cut = Files.write(temp.resolve("cut.tar"), java.util.Arrays.copyOf(tar, 700));
        assertThatThrownBy(() -> pull(ImageSource.ociArchive(cut))).hasMessageContaining("it is cut off");
    }

    @Test
    void noticesDamageInALayout() throws IOException {
        TestImage image = TestImage.of(Form.GZIP);
        Path layout = TestImage.write(temp.resolve("layout"), image.layout());
        Path blob = layout.resolve("blobs/sha256/" + image.layerDigest(0).hex());
        byte[] bytes = Files.readAllBytes(blob);
        bytes[bytes.length / 2] ^= 1;
        Files.write(blob, bytes);

        assertThatThrownBy(() -> pull(ImageSource.ociLayout(layout)))
                .hasMessage(
                        "Cannot pull oci-layout:" + layout + ": " + blob + " is not what its name promises: expected "
                                + image.layerDigest(0) + ", found " + Digest.of(bytes) + " in " + bytes.length
                                + " bytes. It was damaged on the way or where it is kept; nothing was stored. Pull again; if it stays,"
                                + " push the image again.");
        assertThat(store.blob(image.layerDigest(0))).doesNotExist();
        assertThat(temp.resolve("store/tmp")).isEmptyDirectory();

        Files.delete(blob);
        assertThatThrownBy(() -> pull(ImageSource.ociLayout(layout)))
                .hasMessageContaining(blob + " is missing, although a manifest names it.");
    }

    @Test
    void refusesALayerThatUnpacksToSomethingElse() {
        TestImage image = TestImage.of(Form.GZIP);
        Digest promised = Digest.of("other".getBytes(StandardCharsets.UTF_8));
        image.setDiffId(0, promised);
        Path layout = TestImage.write(temp.resolve("layout"), image.layout());
        assertThatThrownBy(() -> pull(ImageSource.ociLayout(layout)))
                .hasMessage("Cannot pull oci-layout:" + layout + ": layer " + image.layerDigest(0)
                        + " uncompressed is not what the image's configuration promises: expected diff_id " + promised
                        + ", found "
                        + Digest.of(image.tars.get(0))
                        + ". The image was put together wrongly; build and push it again.");
        assertThat(store.blob(image.layerDigest(0))).doesNotExist();
    }

    private Path archive(String name, Map<String, byte[]> files) throws IOException {
        return Files.write(temp.resolve(name), TestImage.tar(files));
    }

    private PulledImage pull(ImageSource source) {
        return puller.pull(source, Platform.LINUX_AMD64, PullPolicy.IF_MISSING);
    }

    static void assertLayers(PulledImage pulled, TestImage image) throws IOException {
        List<ImageLayer> layers = pulled.layers();
        assertThat(layers).hasSize(image.tars.size());
        for (int i = 0; i < layers.size(); i++) {
            assertThat(layers.get(i).diffId())
                    .isEqualTo(Digest.of(image.tars.get(i)).toString());
            try (InputStream tar = layers.get(i).openTar()) {
                assertThat(tar.readAllBytes()).isEqualTo(image.tars.get(i));
            }
        }
    }
}
