package dev.supermachine.oci;

import static dev.supermachine.oci.FakeRegistry.ok;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.PullPolicy;
import dev.supermachine.oci.TestImage.Form;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Pulls that end well, and what they ask for. */
class RegistryPullTest extends RegistryTest {

    @Test
    void choosesThePlatformFromAnIndex() throws IOException {
        TestImage amd64 = TestImage.of(Form.GZIP);
        TestImage arm64 = new TestImage("arm64").layer(TestImage.tar("arm", "64"), Form.GZIP);
        byte[] mine = amd64.manifest();
        byte[] other = arm64.manifest();
        byte[] index = TestImage.index(List.of(
                TestImage.entry(other, MediaTypes.OCI_MANIFEST, "arm64"),
                TestImage.entry(mine, MediaTypes.OCI_MANIFEST, "amd64")));
        registry.on("/v2/app/manifests/1", ok(MediaTypes.OCI_INDEX, index))
                .manifest(mine, MediaTypes.OCI_MANIFEST)
                .manifest(other, MediaTypes.OCI_MANIFEST)
                .blobs(amd64)
                .blobs(arm64);

        PulledImage pulled = pull();

        assertThat(pulled.manifestDigest()).isEqualTo(Digest.of(mine).toString());
        LocalImagesTest.assertLayers(pulled, amd64);
    }

    @Test
    void looksIntoIndexesInIndexesUpToALimit() throws IOException {
        TestImage image = TestImage.of(Form.GZIP);
        byte[] manifest = image.manifest();
        registry.manifest(manifest, MediaTypes.OCI_MANIFEST).blobs(image);
        byte[] index = TestImage.index(List.of(TestImage.entry(manifest, MediaTypes.OCI_MANIFEST, "amd64")));
        for (int depth = 1; depth <= 5; depth++) {
            registry.on("/v2/app/manifests/" + depth, ok(MediaTypes.OCI_INDEX, index))
                    .manifest(index, MediaTypes.OCI_INDEX);
            index = TestImage.index(List.of(TestImage.entry(index, MediaTypes.OCI_INDEX, "")));
        }

        for (int depth = 1; depth <= 4; depth++) {
            ImageSource source = ImageSource.of(registry.address() + "/app:" + depth);
            LocalImagesTest.assertLayers(pull(source, PullPolicy.ALWAYS), image);
        }
        ImageSource deep = ImageSource.of(registry.address() + "/app:5");
        assertThatThrownBy(() -> pull(deep, PullPolicy.ALWAYS))
                .hasMessageContaining(
                        "it has no image for linux/amd64. Present: none, as far as was looked: of indexes in indexes no"
                                + " more than 4 one in the other and 32 in all are read.");
    }

    @Test
    void doesNotReadIndexesWithoutEnd() {
        List<Map<String, Object>> entries = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            byte[] index =
                    TestImage.index(List.of(TestImage.entry(new byte[] {(byte) i}, MediaTypes.OCI_MANIFEST, "arm64")));
            registry.manifest(index, MediaTypes.OCI_INDEX);
            entries.add(TestImage.entry(index, MediaTypes.OCI_INDEX, ""));
        }
        registry.on("/v2/app/manifests/1", ok(MediaTypes.OCI_INDEX, TestImage.index(entries)));
        assertThatThrownBy(() -> pull()).hasMessageContaining("Present: linux/arm64, as far as was looked");
        assertThat(registry.requests()).hasSize(33);
    }

    @Test
    void aHistoryIsNotNeededAndNotBelieved() throws IOException {
        TestImage image = TestImage.of(Form.GZIP, Form.ZSTD);
        assertThat(image.config).doesNotContainKey("history");
        registry.serve(image);
        LocalImagesTest.assertLayers(pull(), image);
        image.config.put("history", List.of(Map.of("empty_layer", true), Map.of("created_by", "somebody")));
        registry.serve(image);
        LocalImagesTest.assertLayers(pull(registry.source(), PullPolicy.ALWAYS), image);
    }

    @Test
    void readsLayersThatLazyPullersKnow() throws IOException {
        TestImage image = new TestImage("amd64");
        image.layer(TestImage.tar("a", "b"), Form.ZSTD_CHUNKED)
                .estargz(Map.of("usr/bin/tool", new byte[100_000], "etc/name", new byte[] {'x'}));
        registry.serve(image);
        LocalImagesTest.assertLayers(pull(), image);
    }

    @Test
    void readsDockerSchema2AndItsLists() throws IOException {
        TestImage image = TestImage.of(Form.GZIP);
        image.layers.get(0).put("mediaType", MediaTypes.DOCKER_LAYER);
        byte[] manifest = image.manifest(MediaTypes.DOCKER_MANIFEST, MediaTypes.DOCKER_CONFIG);
        String list = new String(
                        TestImage.index(List.of(TestImage.entry(manifest, MediaTypes.DOCKER_MANIFEST, "amd64"))),
                        StandardCharsets.UTF_8)
                .replace(MediaTypes.OCI_INDEX, MediaTypes.DOCKER_LIST);
        registry.on("/v2/app/manifests/1", ok(MediaTypes.DOCKER_LIST, list.getBytes(StandardCharsets.UTF_8)))
                .manifest(manifest, MediaTypes.DOCKER_MANIFEST)
                .blobs(image);
        LocalImagesTest.assertLayers(pull(), image);
    }

    @Test
    void infersTheTypeOfAManifestWithoutOne() throws IOException {
        TestImage image = TestImage.of(Form.GZIP);
        String text = new String(image.manifest(), StandardCharsets.UTF_8)
                .replace("\"mediaType\":\"" + MediaTypes.OCI_MANIFEST + "\",", "");
        byte[] manifest = text.getBytes(StandardCharsets.UTF_8);
        registry.on("/v2/app/manifests/1", ok("application/json; charset=utf-8", manifest))
                .blobs(image);
        LocalImagesTest.assertLayers(pull(), image);
        assertThat(pull().fromCache()).isTrue();
    }

    @Test
    void asksNobodyForWhatItHas() {
        registry.serve(TestImage.of(Form.GZIP, Form.ZSTD));
        PulledImage first = pull();
        int asked = registry.requests().size();

        PulledImage missing = pull(registry.source(), PullPolicy.IF_MISSING);
        PulledImage never = pull(registry.source(), PullPolicy.NEVER);

        assertThat(registry.requests()).hasSize(asked);
        assertThat(List.of(missing.fromCache(), never.fromCache())).containsOnly(true);
        assertThat(List.of(missing.manifestDigest(), never.manifestDigest())).containsOnly(first.manifestDigest());
    }

    @Test
    void alwaysAsksButFetchesOnlyWhatIsNew() throws IOException {
        TestImage image = TestImage.of(Form.GZIP);
        registry.serve(image);
        pull();
        TestImage grown = TestImage.of(Form.GZIP, Form.ZSTD);
        registry.serve(grown);
        registry.requests().clear();

        LocalImagesTest.assertLayers(pull(registry.source(), PullPolicy.ALWAYS), grown);

        assertThat(registry.requests())
                .extracting(FakeRegistry.Request::path)
                .contains("/v2/app/manifests/1", FakeRegistry.blob(grown.layerDigest(1)))
                .doesNotContain(FakeRegistry.blob(image.layerDigest(0)));
    }

    @Test
    void neverSaysWhatToDo() {
        assertThatThrownBy(() -> pull(registry.source(), PullPolicy.NEVER))
                .hasMessage(
                        "Image " + name() + " for linux/amd64 is not in the cache " + store.root()
                                + " in full, and PullPolicy.NEVER forbids asking the registry. Pull it once with PullPolicy.IF_MISSING.");
        assertThat(registry.requests()).isEmpty();
    }

    @Test
    void fetchesAgainWhatTheCacheLost() throws IOException {
        TestImage image = TestImage.of(Form.GZIP, Form.GZIP);
        registry.serve(image);
        pull();
        Files.delete(store.blob(image.layerDigest(1)));
        registry.requests().clear();

        PulledImage pulled = pull();

        assertThat(pulled.fromCache()).isFalse();
        LocalImagesTest.assertLayers(pulled, image);
        assertThat(registry.requests())
                .extracting(FakeRegistry.Request::path)
                .containsExactly("/v2/app/manifests/1", FakeRegistry.blob(image.layerDigest(1)));
    }

    @Test
    void fetchesALayerThatIsThereTwiceOnce() throws IOException {
        TestImage image = new TestImage("amd64");
        byte[] tar = TestImage.tar("same", "same");
        image.layer(tar, Form.GZIP).layer(tar, Form.GZIP);
        registry.serve(image);
        LocalImagesTest.assertLayers(pull(), image);
        assertThat(registry.requests().stream()
                        .filter(request -> request.path().equals(FakeRegistry.blob(image.layerDigest(0)))))
                .hasSize(1);
    }

    @Test
    void takesWhatIsPinnedByDigest() throws IOException {
        TestImage image = TestImage.of(Form.GZIP);
        registry.serve(image);
        Digest digest = Digest.of(image.manifest());
        ImageSource pinned = ImageSource.of(registry.address() + "/app:ignored@" + digest);
        LocalImagesTest.assertLayers(pull(pinned, PullPolicy.IF_MISSING), image);
        assertThat(registry.requests().get(0).path()).isEqualTo("/v2/app/manifests/" + digest);
    }
}
