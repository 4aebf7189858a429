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
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** However an image was compressed on its way, the tree is the one that umoci unpacks. */
class PushedImagesIT {

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
        Tools.require("umoci", "skopeo", "docker-registry", "musl-gcc", "mount");
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
