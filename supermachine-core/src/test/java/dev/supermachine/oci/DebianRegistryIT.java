package dev.supermachine.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.oci.TestImage.Form;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The registry that Debian ships, filled by skopeo. */
class DebianRegistryIT {

    @TempDir
    Path temp;

    @Test
    void pullsWhatSkopeoPushed() throws IOException {
        TestImage image = TestImage.of(Form.GZIP, Form.ZSTD, Form.GZIP_MEMBERS);
        Path layout = TestImage.write(temp.resolve("layout"), TestImage.layout(Map.of("1", image)));
        ContentStore store = new ContentStore(temp.resolve("store"));
        ImagePuller puller = new ImagePuller(store, PullListener.SILENT, settings(temp.resolve("none.json")));
        ImageSource source;
        PulledImage pulled;
        try (DebianRegistry registry = DebianRegistry.start(temp.resolve("registry"), false)) {
            registry.push("oci:" + layout + ":1", "team/app:1");
            source = ImageSource.of(registry.address() + "/team/app:1");

            pulled = puller.pull(source, Platform.LINUX_AMD64, PullPolicy.IF_MISSING);

            assertThat(pulled.fromCache()).isFalse();
            assertThat(pulled.manifestDigest())
                    .isEqualTo(Digest.of(image.manifest()).toString());
            LocalImagesTest.assertLayers(pulled, image);
            ImageSource pinned = ImageSource.of(registry.address() + "/team/app@" + pulled.manifestDigest());
            assertThat(puller.pull(pinned, Platform.LINUX_AMD64, PullPolicy.ALWAYS)
                            .layers())
                    .hasSize(3);

            ImageSource absent = ImageSource.of(registry.address() + "/team/app:2");
            assertThatThrownBy(() -> puller.pull(absent, Platform.LINUX_AMD64, PullPolicy.IF_MISSING))
                    .hasMessage("Cannot pull " + registry.address() + "/team/app:2: GET http://" + registry.address()
                            + "/v2/team/app/manifests/2 answered 404 (MANIFEST_UNKNOWN: manifest unknown). "
                            + registry.address()
                            + " has no tag '2' in the repository 'team/app', or no such repository. Check the spelling, and that the image"
                            + " was pushed there.");
        }

        // The registry is gone: a hit contacts nobody.
        PulledImage again = puller.pull(source, Platform.LINUX_AMD64, PullPolicy.IF_MISSING);
        assertThat(again.fromCache()).isTrue();
        assertThat(again.manifestDigest()).isEqualTo(pulled.manifestDigest());
        LocalImagesTest.assertLayers(again, image);
        assertThatThrownBy(() -> puller.pull(source, Platform.LINUX_AMD64, PullPolicy.ALWAYS))
                .hasMessageContaining("nothing accepts connections at");
    }

    @Test
    void pullsDockerSchema2() throws IOException {
        TestImage image = TestImage.of(Form.GZIP);
        Path layout = TestImage.write(temp.resolve("layout"), TestImage.layout(Map.of("1", image)));
        try (DebianRegistry registry = DebianRegistry.start(temp.resolve("registry"), false)) {
            registry.push("oci:" + layout + ":1", "app:1", "--format", "v2s2");
            ImagePuller puller = new ImagePuller(
                    new ContentStore(temp.resolve("store")), PullListener.SILENT, settings(temp.resolve("none")));
            PulledImage pulled = puller.pull(
                    ImageSource.of(registry.address() + "/app:1"), Platform.LINUX_AMD64, PullPolicy.IF_MISSING);
            assertThat(pulled.layers()).extracting(ImageLayer::mediaType).containsExactly(MediaTypes.DOCKER_LAYER);
            LocalImagesTest.assertLayers(pulled, image);
        }
    }

    @Test
    void readsTheArchivesThatSkopeoWrites() throws IOException {
        TestImage image = TestImage.of(Form.GZIP, Form.GZIP);
        Path layout = TestImage.write(temp.resolve("layout"), TestImage.layout(Map.of("1", image)));
        ImagePuller puller = new ImagePuller(new ContentStore(temp.resolve("store")), PullListener.SILENT);
        for (String format : new String[] {"oci-archive", "docker-archive"}) {
            Path archive = temp.resolve(format + ".tar");
            Programs.run(
                    "skopeo",
                    "--insecure-policy",
                    "copy",
                    "-q",
                    "oci:" + layout + ":1",
                    format + ":" + archive + ":team/app:1");
            PulledImage pulled = puller.pull(
                    ImageSource.of("oci-archive:" + archive + ":1"), Platform.LINUX_AMD64, PullPolicy.IF_MISSING);
            LocalImagesTest.assertLayers(pulled, image);
        }
    }

    @Test
    void logsInWithTheCredentialsOfDocker() throws IOException {
        TestImage image = TestImage.of(Form.GZIP);
        Path layout = TestImage.write(temp.resolve("layout"), TestImage.layout(Map.of("1", image)));
        try (DebianRegistry registry = DebianRegistry.start(temp.resolve("registry"), true)) {
            registry.push("oci:" + layout + ":1", "app:1", "--dest-creds", registry.user() + ":" + registry.password());
            ImageSource source = ImageSource.of(registry.address() + "/app:1");
            ContentStore store = new ContentStore(temp.resolve("store"));

            Path none = temp.resolve("none.json");
            ImagePuller anonymous = new ImagePuller(store, PullListener.SILENT, settings(none));
            assertThatThrownBy(() -> anonymous.pull(source, Platform.LINUX_AMD64, PullPolicy.IF_MISSING))
                    .hasMessageContaining(
                            "answered 401 (UNAUTHORIZED: authentication required). The registry wants credentials");

            Path wrong = dockerConfig("wrong.json", registry.address(), registry.user() + ":not it");
            ImagePuller refused = new ImagePuller(store, PullListener.SILENT, settings(wrong));
            assertThatThrownBy(() -> refused.pull(source, Platform.LINUX_AMD64, PullPolicy.IF_MISSING))
                    .hasMessageContaining("The registry does not accept the credentials of user '" + registry.user()
                            + "' from " + wrong);

            Path right = dockerConfig("right.json", registry.address(), registry.user() + ":" + registry.password());
            ImagePuller allowed = new ImagePuller(store, PullListener.SILENT, settings(right));
            LocalImagesTest.assertLayers(allowed.pull(source, Platform.LINUX_AMD64, PullPolicy.IF_MISSING), image);
        }
    }

    private Path dockerConfig(String name, String registry, String login) throws IOException {
        String auth = Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8));
        return Files.write(temp.resolve(name), TestImage.json(Map.of("auths", Map.of(registry, Map.of("auth", auth)))));
    }

    private static PullSettings settings(Path dockerConfig) {
        return PullSettings.defaults().withDockerConfig(dockerConfig);
    }
}
