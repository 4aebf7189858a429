package dev.supermachine.oci;

import static dev.supermachine.oci.FakeRegistry.ok;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.Image;
import dev.supermachine.ImageException;
import dev.supermachine.PullPolicy;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.image.Images;
import dev.supermachine.image.TestImages;
import dev.supermachine.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a registry is asked in the life of a snapshot, counted at a registry on loopback. Each test has a cache and a store of its own. */
class PullPolicyIT {

    private static final String TAG = "/v2/app/manifests/1";

    private final FakeRegistry registry = new FakeRegistry();

    @TempDir
    private Path directory;

    private Settings settings;
    private LayoutImage one;
    private LayoutImage two;

    @BeforeEach
    void findTwoImages() throws IOException {
        Map<String, String> parameters = Map.of(
                "supermachine.cache.dir", directory.resolve("cache").toString(),
                "supermachine.snapshots.dir", directory.resolve("snapshots").toString());
        settings = Settings.withParameters(parameters::get);
        one = LayoutImage.of(TestImages.file("debian-busybox-platforms.oci"));
        two = LayoutImage.of(TestImages.file("debian-busybox.oci"));
    }

    @AfterEach
    void closeRegistry() {
        registry.close();
    }

    /** The image for this host's platform in a layout, whose first manifest is it or an index with it in the first place. */
    private record LayoutImage(Path layout, Descriptor descriptor) {

        static LayoutImage of(Path layout) throws IOException {
            byte[] top = Files.readAllBytes(layout.resolve(LayoutOrigin.INDEX));
            Descriptor first = first(Manifest.parse(Manifest.Raw.of(top, MediaTypes.OCI_INDEX), "The layout"));
            LayoutImage image = new LayoutImage(layout, first);
            return MediaTypes.isIndex(first.mediaType()) ? new LayoutImage(layout, first(image.manifest())) : image;
        }

        private static Descriptor first(Manifest index) {
            return ((Manifest.Index) index).manifests().get(0);
        }

        byte[] blob(Digest digest) throws IOException {
            return Files.readAllBytes(layout.resolve("blobs/sha256").resolve(digest.hex()));
        }

        Manifest manifest() throws IOException {
            return Manifest.parse(Manifest.Raw.of(blob(descriptor.digest()), descriptor.mediaType()), "The manifest");
        }

        String digest() {
            return descriptor.digest().toString();
        }
    }

    /** Lets the tag mean an image, and forgets what was asked. */
    private void serve(LayoutImage image) throws IOException {
        byte[] bytes = image.blob(image.descriptor().digest());
        registry.on(TAG, ok(image.descriptor().mediaType(), bytes))
                .manifest(bytes, image.descriptor().mediaType());
        Manifest.Image manifest = (Manifest.Image) image.manifest();
        blob(image, manifest.config().digest());
        for (Descriptor layer : manifest.layers()) {
            blob(image, layer.digest());
        }
        registry.requests().clear();
    }

    private void blob(LayoutImage image, Digest digest) throws IOException {
        registry.on(FakeRegistry.blob(digest), ok("application/octet-stream", image.blob(digest)));
    }

    private Image build(PullPolicy policy) {
        return build(registry.address() + "/app:1", policy);
    }

    private Image build(String reference, PullPolicy policy) {
        return Images.builder(reference, settings)
                .withEngine("qemu-tcg")
                .withCmd("sleep", "1000000")
                .withPullPolicy(policy)
                .build();
    }

    private List<String> asked() {
        List<String> paths =
                registry.requests().stream().map(FakeRegistry.Request::path).toList();
        registry.requests().clear();
        return paths;
    }

    @Test
    void aTagThatMovedBakesAnewWhenTheRegistryIsAskedAndOnlyThen() throws IOException {
        serve(one);
        Image first = build(PullPolicy.IF_MISSING);
        assertThat(first.origin().baked()).isTrue();
        assertThat(first.digest()).isEqualTo(one.digest());
        assertThat(asked()).contains(TAG);

        serve(two);
        Image same = build(PullPolicy.IF_MISSING);
        assertThat(same.origin().baked()).isFalse();
        assertThat(same.digest()).isEqualTo(one.digest());
        assertThat(asked()).isEmpty();

        Image moved = build(PullPolicy.ALWAYS);
        assertThat(moved.origin().baked()).isTrue();
        assertThat(moved.digest()).isEqualTo(two.digest());
        assertThat(asked()).contains(TAG);
        try (Vm vm = moved.start(VmConfig.defaults())) {
            assertThat(vm.exec("test", "-d", "/odd").success())
                    .as("the machine is of the image that the tag means now")
                    .isTrue();
        }

        assertThat(build(PullPolicy.ALWAYS).origin().baked()).isFalse();
        assertThat(asked()).containsExactly(TAG);
        Image remembered = build(PullPolicy.IF_MISSING);
        assertThat(remembered.origin().baked()).isFalse();
        assertThat(remembered.digest()).isEqualTo(two.digest());
        assertThat(asked()).isEmpty();
        assertThat(Image.fromSnapshot(moved.origin().snapshot()).digest()).isEqualTo(two.digest());
    }

    @Test
    void neverContactsNobodyWhetherItBakesFindsOrFails() throws IOException {
        serve(one);
        assertThatThrownBy(() -> build(PullPolicy.NEVER))
                .isInstanceOf(ImageException.class)
                .hasMessage(
                        "Image " + registry.address() + "/app:1 for linux/amd64 is not in the cache "
                                + directory.resolve("cache")
                                + " in full, and PullPolicy.NEVER forbids asking the registry. Pull it once with PullPolicy.IF_MISSING.");
        assertThat(asked()).isEmpty();

        build(PullPolicy.IF_MISSING);
        registry.close();
        registry.requests().clear();
        Image found = build(PullPolicy.NEVER);
        assertThat(found.origin().baked()).isFalse();
        assertThat(build(PullPolicy.IF_MISSING).origin().baked()).isFalse();

        Image baked = Images.builder(registry.address() + "/app:1", settings)
                .withEngine("qemu-tcg")
                .withCmd("sleep", "1000001")
                .withPullPolicy(PullPolicy.NEVER)
                .build();
        assertThat(baked.origin().baked()).isTrue();
        try (Vm vm = baked.start(VmConfig.defaults())) {
            assertThat(vm.exec("cat", "/etc/architecture").stdoutText()).isEqualTo("amd64\n");
        }
        assertThatThrownBy(() -> build(PullPolicy.ALWAYS))
                .isInstanceOf(ImageException.class)
                .hasMessageStartingWith("Cannot pull " + registry.address() + "/app:1");
        assertThat(asked()).isEmpty();
    }

    @Test
    void aDigestStaysWhateverItsTagMeans() throws IOException {
        serve(one);
        Image tagged = build(PullPolicy.IF_MISSING);
        String pinned = registry.address() + "/app@" + tagged.digest();
        serve(two);

        Image image = build(pinned, PullPolicy.ALWAYS);
        assertThat(image.digest()).isEqualTo(one.digest());
        assertThat(image.origin().baked()).isFalse();
        assertThat(image.origin().snapshot()).isEqualTo(tagged.origin().snapshot());
        assertThat(asked()).containsExactly("/v2/app/manifests/" + one.digest());
        assertThat(build(pinned, PullPolicy.NEVER).digest()).isEqualTo(one.digest());
        assertThat(asked()).isEmpty();
    }
}
