package dev.supermachine.oci;

import static dev.supermachine.oci.FakeRegistry.ok;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.oci.TestImage.Form;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The choice of another platform than this host's from an index, in a registry, a layout and an archive. */
class PlatformSelectionTest extends RegistryTest {

    /** In the order of an index: architecture, variant or none. */
    private static final List<String> PLATFORMS = List.of("amd64", "arm/v5", "arm/v6", "arm64/v8", "s390x");

    private final Map<String, TestImage> images = new LinkedHashMap<>();

    private byte[] index() {
        List<Map<String, Object>> entries = new ArrayList<>();
        for (String platform : PLATFORMS) {
            String[] parts = platform.split("/", -1);
            TestImage image = new TestImage(parts[0]).layer(TestImage.tar("platform", platform), Form.GZIP);
            Map<String, Object> builtFor = new LinkedHashMap<>(Map.of("os", "linux", "architecture", parts[0]));
            if (parts.length == 2) {
                builtFor.put("variant", parts[1]);
                image.config.put("variant", parts[1]);
            }
            Map<String, Object> entry = TestImage.entry(image.manifest(), MediaTypes.OCI_MANIFEST, "");
            entry.put("platform", builtFor);
            entries.add(entry);
            images.put(platform, image);
        }
        return TestImage.index(entries);
    }

    private PulledImage pull(ImageSource source, String platform) {
        return new ImagePuller(store, PullListener.SILENT, settings)
                .pull(source, Platform.parse(platform), PullPolicy.IF_MISSING);
    }

    private void serve() {
        registry.on("/v2/app/manifests/1", ok(MediaTypes.OCI_INDEX, index()));
        images.values()
                .forEach(image -> registry.manifest(image.manifest(), MediaTypes.OCI_MANIFEST)
                        .blobs(image));
    }

    /** The index as the one manifest of a layout, as BuildKit and skopeo write it. */
    private Map<String, byte[]> layout() {
        byte[] index = index();
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("oci-layout", TestImage.json(Map.of("imageLayoutVersion", "1.0.0")));
        files.put("blobs/sha256/" + Digest.of(index).hex(), index);
        for (TestImage image : images.values()) {
            image.layout().forEach(files::putIfAbsent);
        }
        files.put("index.json", TestImage.index(List.of(TestImage.entry(index, MediaTypes.OCI_INDEX, ""))));
        return files;
    }

    @ParameterizedTest
    @CsvSource({
        "linux/arm64, arm64/v8",
        "linux/aarch64/8, arm64/v8",
        "linux/s390x, s390x",
        "linux/arm, arm/v6",
        "linux/arm/v6, arm/v6",
        "linux/arm/v5, arm/v5",
        "linux/amd64/v3, amd64"
    })
    void takesTheVariantThatRunsThereOrTheNextLowerOne(String wanted, String found) throws IOException {
        serve();
        assertTaken(pull(registry.source(), wanted), found);

        Path layout = TestImage.write(temp.resolve("layout"), layout());
        assertTaken(pull(ImageSource.of("oci-layout:" + layout), wanted), found);
        Path archive = Files.write(temp.resolve("archive.tar"), TestImage.tar(layout()));
        assertTaken(pull(ImageSource.of("oci-archive:" + archive), wanted), found);
    }

    private void assertTaken(PulledImage pulled, String platform) throws IOException {
        TestImage image = Objects.requireNonNull(images.get(platform));
        assertThat(pulled.manifestDigest())
                .isEqualTo(Digest.of(image.manifest()).toString());
        LocalImagesTest.assertLayers(pulled, image);
    }

    @Test
    void eachPlatformOfAReferenceIsRememberedForItself() {
        serve();
        String arm = pull(registry.source(), "linux/arm64").manifestDigest();
        String amd = pull(registry.source(), "linux/amd64").manifestDigest();
        int asked = registry.requests().size();
        assertThat(pull(registry.source(), "linux/arm64").manifestDigest())
                .isEqualTo(arm)
                .isNotEqualTo(amd);
        assertThat(pull(registry.source(), "linux/amd64").manifestDigest()).isEqualTo(amd);
        assertThat(registry.requests()).hasSize(asked);
    }

    @Test
    void whatIsNotThereListsWhatIs() {
        serve();
        Path layout = TestImage.write(temp.resolve("layout"), layout());
        for (ImageSource source : List.of(registry.source(), ImageSource.of("oci-layout:" + layout))) {
            for (String platform : List.of("linux/riscv64", "linux/386")) {
                assertThatThrownBy(() -> pull(source, platform))
                        .isInstanceOf(ImageException.class)
                        .hasMessage("Cannot pull " + source + ": it has no image for " + platform
                                + ". Present: linux/amd64, linux/arm/v5, linux/arm/v6, linux/arm64/v8, linux/s390x."
                                + " Choose another image or tag, or build it for " + platform + ".");
            }
        }
    }

    @Test
    void aLayoutMayHaveThemSideBySide() throws IOException {
        Map<String, byte[]> files = layout();
        files.put("index.json", index());
        Path layout = TestImage.write(temp.resolve("flat"), files);

        assertTaken(pull(ImageSource.of("oci-layout:" + layout), "linux/arm/v7"), "arm/v6");
        assertThatThrownBy(() -> pull(ImageSource.of("oci-layout:" + layout), "linux/ppc64le"))
                .isInstanceOf(ImageException.class)
                .hasMessage("Cannot pull oci-layout:" + layout + ": it has no image for linux/ppc64le."
                        + " Present: linux/amd64, linux/arm/v5, linux/arm/v6, linux/arm64/v8, linux/s390x."
                        + " Choose another image or tag, or build it for linux/ppc64le.");
    }

    @Test
    void anImageForOnePlatformIsTakenOnlyForThat() throws IOException {
        TestImage arm64 = new TestImage("arm64").layer(TestImage.tar("a", "b"), Form.PLAIN);
        Path saved = Files.write(temp.resolve("saved.tar"), TestImage.tar(arm64.dockerSave("app:1")));
        ImageSource source = ImageSource.of("oci-archive:" + saved);

        LocalImagesTest.assertLayers(pull(source, "linux/arm64"), arm64);
        assertThatThrownBy(() -> pull(source, "linux/amd64"))
                .isInstanceOf(ImageException.class)
                .hasMessage("Cannot pull " + source + ": it has no image for linux/amd64. Present: linux/arm64."
                        + " Choose another image or tag, or build it for linux/amd64.");
    }
}
