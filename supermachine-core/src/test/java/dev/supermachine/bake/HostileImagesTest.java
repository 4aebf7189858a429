package dev.supermachine.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.oci.ContentStore;
import dev.supermachine.tar.TarSpec;
import dev.supermachine.testing.HostileImages;
import dev.supermachine.testing.HostileImages.Refused;
import dev.supermachine.testing.OciLayout;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Images that mean harm, all the way from a layout on disk to a root file system: refused in so many words, and nothing of them stays. */
class HostileImagesTest {

    private static final String BLOB = "blobs/sha256/HEX";

    @TempDir
    Path temp;

    static List<Refused> refused() {
        return HostileImages.refused();
    }

    @ParameterizedTest
    @MethodSource("refused")
    void isRefusedAndNothingOfItStays(Refused image) throws IOException {
        Path layout = temp.resolve("layout");
        image.layout().write(layout);
        LayoutRoots roots = new LayoutRoots(temp.resolve("cache"));

        assertThatThrownBy(() -> roots.of(layout))
                .isInstanceOf(ImageException.class)
                .satisfies(e -> assertThat(String.valueOf(e.getMessage())).matches(pattern(image, layout)));

        List<String> left = files(roots.cache());
        if (image.stage() == HostileImages.Stage.MERGE) {
            // The bytes are what the image promises, so they are kept; what is made of them is not.
            assertThat(left)
                    .containsExactly(BLOB, BLOB, BLOB, "diff-ids/sha256/HEX", "refs/HEX.json", "rootfs/HEX.erofs.lock");
        } else {
            assertThat(left).isSubsetOf(BLOB, "diff-ids/sha256/HEX");
            assertThat(left).hasSizeLessThanOrEqualTo(2);
        }
        assertStillUsable(roots);
    }

    /** The message, with what a test cannot know replaced by what it may be. */
    private static String pattern(Refused image, Path layout) {
        String text = image.message()
                .replace("{layout}", layout.toString())
                .replace("{layer}", image.layout().diffId())
                .replace("{blob}", image.layout().layerDigest());
        return Stream.of(text.split("(?<=\\{any})|(?=\\{any})|(?<=\\{number})|(?=\\{number})"))
                .map(part -> switch (part) {
                    case "{any}" -> "\\S.*";
                    case "{number}" -> "\\d+";
                    default -> Pattern.quote(part);
                })
                .reduce("", String::concat);
    }

    private void assertStillUsable(LayoutRoots roots) throws IOException {
        Path good = temp.resolve("good");
        new OciLayout().tar(TarSpec.archive(TarSpec.file("a", "1"))).write(good);
        Path image = roots.of(good);
        assertThat(image).hasSameBinaryContentAs(new LayoutRoots(temp.resolve("fresh")).of(good));
        assertThat(files(roots.cache())).doesNotContain("tmp/HEX.part", "rootfs/HEX.erofs.part");
    }

    /** Cut anywhere and described truthfully, so that no digest gives it away, or only by its tar's digest, or not at all. */
    @Test
    void layersThatAreCutAreRefusedUnlessTheyEndBetweenEntries() throws IOException {
        byte[] tar = TarSpec.archive(
                TarSpec.directory("d").xattr("user.x", "1"),
                TarSpec.file("d/f", "x".repeat(1300)),
                TarSpec.symlink("d/l", "f"),
                TarSpec.file("e".repeat(200), "y".repeat(10)));
        List<Integer> between = List.of(0, 1536, 3584, 4096, 5632 + 512, tar.length);
        byte[] gzip = gzip(tar);
        LayoutRoots roots = new LayoutRoots(temp.resolve("cache"));
        int built = 0;
        for (int cut : cuts(tar.length)) {
            byte[] part = Arrays.copyOf(tar, cut);
            String outcome = outcome(roots, new OciLayout().tar(part), "cut-" + cut);
            if (outcome.isEmpty()) {
                built++;
            } else {
                assertThat(outcome)
                        .as("cut at %d", cut)
                        .matches(
                                "Layer sha256:[0-9a-f]{64}: the archive ends (after byte \\d+ in the middle of an entry\\."
                                        + " It was cut short; pull the image again\\.|after an extended header, where the entry it"
                                        + " belongs to should follow\\.)");
            }
        }
        for (int cut : cuts(gzip.length)) {
            if (cut < gzip.length) {
                OciLayout layout = new OciLayout().layer(OciLayout.LAYER + "+gzip", Arrays.copyOf(gzip, cut), tar);
                assertThat(outcome(roots, layout, "gzip-" + cut))
                        .as("gzip cut at %d", cut)
                        .matches(
                                "Cannot pull oci-layout:\\S+: layer sha256:[0-9a-f]{64}( \\(.*\\) has the right digest but"
                                        + " does not decompress: .*| uncompressed is not what .*)");
            }
        }
        assertThat(built).isBetween(4, between.size() + 2);
        assertThat(files(roots.cache())).doesNotContain("tmp/HEX.part", "rootfs/HEX.erofs.part");
        assertStillUsable(roots);
    }

    @Test
    void aLayoutWhoseBlobWasCutOnDiskIsRefused() throws IOException {
        byte[] gzip = gzip(TarSpec.archive(TarSpec.file("a", "x".repeat(3000))));
        OciLayout layout = new OciLayout()
                .layer(OciLayout.LAYER + "+gzip", gzip, TarSpec.archive(TarSpec.file("a", "x".repeat(3000))));
        Path directory = temp.resolve("layout");
        layout.write(directory);
        Path blob = directory.resolve("blobs/sha256/" + layout.layerDigest().substring("sha256:".length()));
        LayoutRoots roots = new LayoutRoots(temp.resolve("cache"));
        for (int cut : cuts(gzip.length)) {
            if (cut < gzip.length) {
                Files.write(blob, Arrays.copyOf(gzip, cut));
                assertThatThrownBy(() -> roots.of(directory))
                        .isInstanceOf(ImageException.class)
                        .hasMessage("Cannot pull oci-layout:" + directory + ": " + blob + " broke off: expected "
                                + gzip.length + " bytes, found " + cut
                                + ". Nothing was stored. Pull again; blobs that are complete are not fetched twice.");
            }
        }
        assertThat(files(roots.cache())).isEmpty();
        Files.write(blob, gzip);
        assertThat(roots.of(directory)).exists();
    }

    /** A blob that is damaged in the cache after it was verified is noticed when its layer is merged, dropped, and had again. */
    @Test
    void aBlobDamagedInTheCacheIsNoticedWhenItIsMerged() throws IOException {
        byte[] tar = Arrays.copyOf(TarSpec.archive(TarSpec.file("a", "x".repeat(3000))), 20_480);
        OciLayout layout = new OciLayout().tar(tar);
        Path directory = temp.resolve("layout");
        layout.write(directory);
        LayoutRoots roots = new LayoutRoots(temp.resolve("cache"));
        Path blob = roots.cache().resolve("blobs/sha256/" + layout.layerDigest().substring("sha256:".length()));
        for (int at : new int[] {0, 1500, 20_000}) {
            var pulled = roots.pull(directory);
            byte[] damaged = tar.clone();
            damaged[at] ^= 1;
            Files.write(blob, damaged);
            assertThatThrownBy(() -> roots.merge(pulled))
                    .isInstanceOf(ImageException.class)
                    .hasMessage("Layer " + layout.layerDigest() + " was damaged in the image cache: " + blob
                            + ": expected diff_id " + layout.diffId() + ", found " + OciLayout.digest(damaged)
                            + ". It was removed from the cache; pull again. If this repeats, check the disk.");
            assertThat(blob).doesNotExist();
        }
        assertThat(roots.of(directory)).exists();
    }

    private String outcome(LayoutRoots roots, OciLayout layout, String name) throws IOException {
        Path directory = temp.resolve(name);
        layout.write(directory);
        try {
            return Files.exists(roots.of(directory)) ? "" : "missing";
        } catch (ImageException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /** Every place where something begins or ends, the bytes beside it, and some between. */
    private static Set<Integer> cuts(int length) {
        Set<Integer> cuts = new TreeSet<>();
        for (int block = 0; block <= length; block += 512) {
            cuts.addAll(List.of(Math.max(0, block - 1), block, Math.min(length, block + 1)));
        }
        for (int at = 0; at < length; at += 211) {
            cuts.add(at);
        }
        cuts.add(length);
        return cuts;
    }

    /** All files of a cache, hashes and random names as HEX; the two locks that are there from the first use on are left out. */
    private static List<String> files(Path cache) throws IOException {
        new ContentStore(cache);
        try (Stream<Path> paths = Files.walk(cache)) {
            return paths.filter(Files::isRegularFile)
                    .map(path -> cache.relativize(path).toString().replaceAll("[0-9a-f-]{36,64}", "HEX"))
                    .filter(name -> !name.equals("tmp.lock") && !name.equals("parts.lock"))
                    .sorted()
                    .toList();
        }
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream result = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(result)) {
            gzip.write(bytes);
        }
        return result.toByteArray();
    }
}
