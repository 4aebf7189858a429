package dev.supermachine.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.image.TestImages;
import dev.supermachine.oci.ContentStore;
import dev.supermachine.oci.DebianRegistry;
import dev.supermachine.oci.ImageLayer;
import dev.supermachine.oci.ImagePuller;
import dev.supermachine.oci.ImageSource;
import dev.supermachine.oci.PullListener;
import dev.supermachine.oci.PulledImage;
import dev.supermachine.oci.TestImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** However an image was compressed on its way, the tree is the one that umoci unpacks. */
class PushedImagesIT {

    /** What layers can say: new, changed, removed and replaced; links, permissions and owners. */
    private static final String BUILD =
            "set -e; mkdir -p /new/deep; echo one >/new/deep/file; ln /new/deep/file /new/hard;"
                    + " ln -s deep/file /new/soft; mkfifo /new/fifo; chmod 4711 /new/deep/file; chown 5:6 /new/soft /new/deep;"
                    + " rm -r /odd /var; mkdir /var; echo again >/var/again; chmod 711 /root";

    @TempDir
    Path directory;

    private record Layer(ImageLayer layer) implements LayerSource {

        @Override
        public String diffId() {
            return layer.diffId();
        }

        @Override
        public InputStream open() throws IOException {
            return layer.openTar();
        }
    }

    @BeforeAll
    static void programsAreThere() {
        Tools.require("umoci", "skopeo", "buildah", "docker-registry", "musl-gcc", "mount");
    }

    @Test
    void everyCompressionThatSkopeoPushesGivesTheSameTree() throws IOException {
        Path layout = TestImages.file("debian-busybox.oci");
        String tagged = layout + ":" + LayoutTag.of(layout);
        String plain = Tools.uncompressed(directory, tagged);
        CanonicalListing listing = new CanonicalListing(directory);
        long start = Instant.now().getEpochSecond();
        List<String> expected = unpacked(tagged, listing);
        Set<String> digests = new HashSet<>();
        for (String format : List.of("gzip", "zstd", "zstd:chunked")) {
            String name = format.replace(":", "-");
            // A registry for each: skopeo takes a blob that is there in place of the same one compressed otherwise.
            try (DebianRegistry registry = DebianRegistry.start(directory.resolve(name), false)) {
                registry.push(plain, "busybox:1", "--dest-compress-format", format);
                PulledImage pulled = pull(ImageSource.of(registry.address() + "/busybox:1"), name);
                assertThat(pulled.layers())
                        .extracting(ImageLayer::mediaType)
                        .allMatch(type -> type.endsWith(format.equals("gzip") ? "gzip" : "zstd"));
                digests.add(pulled.layers().get(0).digest());
                assertSame(start, expected, listing.ofImage(merged(pulled, name)), format);
            }
        }
        assertThat(digests).as("the lowest layer, compressed").hasSize(3);
    }

    /** Podman pushes with the same code as Buildah. */
    @Test
    void whatBuildahBuildsAndPushesGivesTheSameTree() throws IOException {
        Path layout = TestImages.file("debian-busybox.oci");
        String container;
        try (DebianRegistry registry = DebianRegistry.start(directory.resolve("base"), false)) {
            registry.push("oci:" + layout + ":" + LayoutTag.of(layout), "base:1");
            container = buildah("from", "--tls-verify=false", "docker://" + registry.address() + "/base:1");
        }
        buildah("run", "--isolation", "chroot", container, "--", "sh", "-c", BUILD);
        buildah("commit", "-q", container, "built:1");
        String built = directory.resolve("built") + ":1";
        buildah("push", "-q", "built:1", "oci:" + built);
        CanonicalListing listing = new CanonicalListing(directory);
        long start = Instant.now().getEpochSecond();
        List<String> expected = unpacked(built, listing);
        assertThat(expected)
                .anyMatch(line -> line.startsWith("/var/again"))
                .noneMatch(line -> line.startsWith("/odd") || line.startsWith("/var/lib"));
        Set<String> digests = new HashSet<>();
        for (String format : List.of("gzip", "zstd", "zstd:chunked")) {
            String name = "buildah-" + format.replace(":", "-");
            try (DebianRegistry registry = DebianRegistry.start(directory.resolve(name), false)) {
                String target = registry.address() + "/built:1";
                buildah(
                        "push",
                        "-q",
                        "--tls-verify=false",
                        "--compression-format",
                        format,
                        "built:1",
                        "docker://" + target);
                PulledImage pulled = pull(ImageSource.of(target), name);
                assertThat(pulled.layers())
                        .extracting(ImageLayer::mediaType)
                        .allMatch(type -> type.endsWith(format.equals("gzip") ? "gzip" : "zstd"));
                digests.add(pulled.layers().get(0).digest());
                assertSame(start, expected, listing.ofImage(merged(pulled, name)), "Buildah, " + format);
            }
        }
        assertThat(digests).as("the lowest layer, compressed").hasSize(3);
    }

    @Test
    void theFilesOfEstargzStayInTheTree() throws IOException {
        TestImage image = new TestImage("amd64")
                .estargz(Map.of("tool", new byte[70_000], "name", "x".getBytes(StandardCharsets.UTF_8)));
        Path layout = TestImage.write(directory.resolve("layout"), TestImage.layout(Map.of("1", image)));
        CanonicalListing listing = new CanonicalListing(directory);
        long start = Instant.now().getEpochSecond();
        List<String> expected = unpacked(layout + ":1", listing);
        assertThat(expected)
                .anyMatch(line -> line.contains("stargz.index.json"))
                .anyMatch(line -> line.contains(".no.prefetch.landmark"));
        PulledImage pulled = pull(ImageSource.of("oci-layout:" + layout + ":1"), "estargz");
        assertSame(start, expected, listing.ofImage(merged(pulled, "estargz")), "eStargz");
    }

    /** With a storage of its own, so that it needs no file system but a directory and leaves nothing. */
    private String buildah(String command, String... arguments) throws IOException {
        Path policy = Files.writeString(
                directory.resolve("policy.json"), "{\"default\": [{\"type\": \"insecureAcceptAnything\"}]}");
        List<String> whole = new ArrayList<>(List.of("buildah", "--storage-driver", "vfs"));
        whole.addAll(List.of("--root", directory.resolve("storage").toString()));
        whole.addAll(List.of("--runroot", directory.resolve("runroot").toString()));
        whole.add(command);
        if (!command.equals("run")) {
            whole.addAll(List.of("--signature-policy", policy.toString()));
        }
        whole.addAll(List.of(arguments));
        return Tools.check(directory, whole.toArray(new String[0])).strip();
    }

    private List<String> unpacked(String tagged, CanonicalListing listing) {
        Path root = directory.resolve("unpacked");
        Tools.check(directory, "umoci", "raw", "unpack", "--image", tagged, root.toString());
        return listing.ofDirectory(root);
    }

    private PulledImage pull(ImageSource source, String name) {
        ContentStore store = new ContentStore(directory.resolve("store-" + name));
        return new ImagePuller(store, PullListener.SILENT).pull(source, Platform.LINUX_AMD64, PullPolicy.IF_MISSING);
    }

    private Path merged(PulledImage pulled, String name) {
        Path target = directory.resolve(name + ".erofs");
        List<LayerSource> layers =
                pulled.layers().stream().<LayerSource>map(Layer::new).toList();
        RootfsBuilder.build(layers, target, RootfsLimits.defaults());
        return target;
    }

    private static void assertSame(long start, List<String> expected, List<String> found, String what) {
        assertThat(CanonicalListing.difference(
                        CanonicalListing.withoutTimesFrom(start, expected, expected),
                        CanonicalListing.withoutTimesFrom(start, expected, found)))
                .as("lines that differ between umoci's tree and ours: %s", what)
                .isEmpty();
        assertThat(found).hasSameSizeAs(expected).hasSizeGreaterThan(3);
    }
}
