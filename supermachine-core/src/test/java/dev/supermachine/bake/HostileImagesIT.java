package dev.supermachine.bake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.rootfs.CanonicalListing;
import dev.supermachine.rootfs.Tools;
import dev.supermachine.testing.HarmlessImages;
import dev.supermachine.testing.HarmlessImages.Harmless;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Images that only look as if they meant harm become what umoci unpacks, and nothing of them comes to be outside. */
class HostileImagesIT {

    @TempDir
    static Path temp;

    @BeforeAll
    static void programsAreThere() {
        Tools.require("umoci", "fsck.erofs", "musl-gcc", "mount");
    }

    static List<Harmless> harmless() {
        return HarmlessImages.all();
    }

    @ParameterizedTest
    @MethodSource("harmless")
    void equalsWhatUmociUnpacks(Harmless image, @TempDir Path directory) throws IOException {
        Path layout = directory.resolve("layout");
        image.layout().write(layout);
        long start = Instant.now().getEpochSecond();
        Path bundle = directory.resolve("bundle");
        Tools.check(directory, "umoci", "unpack", "--image", layout + ":test", bundle.toString());

        Path root = new LayoutRoots(directory.resolve("cache")).of(layout);

        Tools.check(directory, "fsck.erofs", root.toString());
        CanonicalListing listing = new CanonicalListing(directory);
        List<String> expected = listing.ofDirectory(bundle.resolve("rootfs"));
        List<String> found = listing.ofImage(root);
        assertThat(CanonicalListing.difference(
                        CanonicalListing.withoutTimesFrom(start, expected, expected),
                        CanonicalListing.withoutTimesFrom(start, expected, found)))
                .isEmpty();
        assertThat(found).hasSameSizeAs(expected).hasSizeGreaterThan(1);
        for (String outside : List.of("climbed", "absolute", "through", "again", "below")) {
            assertThat(Files.exists(Path.of("/tmp", outside))).as(outside).isFalse();
        }
    }
}
