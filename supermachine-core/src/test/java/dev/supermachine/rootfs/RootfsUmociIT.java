package dev.supermachine.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layers by chance give the same tree in the image, mounted, as umoci unpacks; and the checker of EROFS is content with the image. */
class RootfsUmociIT {

    private static final int STACKS = Integer.getInteger("supermachine.test.stacks", 20);
    private static final long FIRST_SEED = Long.getLong("supermachine.test.seed", 1);

    @TempDir
    static Path scratch;

    @BeforeAll
    static void programsAreThere() {
        Tools.require("umoci", "fsck.erofs", "musl-gcc", "mount");
    }

    @Test
    void imageEqualsWhatUmociUnpacks() throws IOException {
        CanonicalListing listing = new CanonicalListing(scratch);
        int refused = 0;
        for (long seed = FIRST_SEED; seed < FIRST_SEED + STACKS; seed++) {
            RandomStack stack = new RandomStack(seed);
            refused += stack.broken() ? 1 : 0;
            compare(listing, seed, stack);
        }
        assertThat(refused).as("stacks that both refuse").isLessThan(STACKS / 2 + 1);
    }

    private static void compare(CanonicalListing listing, long seed, RandomStack stack) throws IOException {
        Path directory = Files.createDirectory(scratch.resolve("stack-" + seed));
        List<TestLayer> layers = stack.layers();
        OciLayoutFixture.write(directory.resolve("layout"), layers);
        long start = System.currentTimeMillis() / 1000;
        Tools.Outcome unpacked = Tools.run(
                directory,
                List.of(
                        "umoci",
                        "unpack",
                        "--image",
                        directory.resolve("layout") + ":test",
                        directory.resolve("bundle").toString()));
        Path image = directory.resolve("root.erofs");
        if (stack.broken()) {
            assertThat(unpacked.status())
                    .as("seed %d: umoci refuses as well", seed)
                    .isNotZero();
            assertThatThrownBy(() -> RootfsBuilder.build(List.copyOf(layers), image, RootfsLimits.defaults()))
                    .isInstanceOf(ImageException.class)
                    .hasMessageContaining(layers.get(layers.size() - 1).diffId());
            assertThat(image).doesNotExist();
        } else {
            assertThat(unpacked.status())
                    .as("seed %d: umoci: %s", seed, unpacked.errors())
                    .isZero();
            RootfsResult result = RootfsBuilder.build(List.copyOf(layers), image, RootfsLimits.defaults());
            assertThat(Files.size(image)).isEqualTo(result.sizeBytes());
            Tools.check(directory, "fsck.erofs", image.toString());
            List<String> expected = listing.ofDirectory(directory.resolve("bundle/rootfs"));
            List<String> actual = listing.ofImage(image);
            assertThat(CanonicalListing.difference(
                            CanonicalListing.withoutTimesFrom(start, expected, expected),
                            CanonicalListing.withoutTimesFrom(start, expected, actual)))
                    .as("seed %d", seed)
                    .isEmpty();
        }
        Tools.check(scratch, "rm", "-rf", directory.toString());
    }
}
