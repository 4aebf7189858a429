package dev.supermachine.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.settings.Settings;
import dev.supermachine.tar.TarSpec;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layers may not hold more than is good for the disk, the heap and the patience of whoever reads them; and they are read to their end. */
class RootfsLimitsTest {

    @TempDir
    Path scratch;

    private Path target;

    @BeforeEach
    void chooseTarget() {
        target = scratch.resolve("root.erofs");
    }

    @Test
    void areThoseOfTheSettingsAndHalfOfTheHeap() {
        Settings settings = Settings.of(key -> null, key -> null, key -> null);
        assertThat(RootfsLimits.defaults())
                .isEqualTo(new RootfsLimits(settings.imageMaxBytes(), settings.imageMaxEntries()))
                .isEqualTo(new RootfsLimits(
                        64L << 30, 5_000_000, Runtime.getRuntime().maxMemory() / 2));
        assertThatThrownBy(() -> new RootfsLimits(1, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Limits must be above zero, but were: maxBytes 1, maxEntries 0, maxHeapBytes ");
    }

    @Test
    void refusesTooManyEntriesOverAllLayers() {
        TestLayer layer = TestLayer.of(TarSpec.file("a", ""), TarSpec.file("b", ""));

        assertThatThrownBy(() -> RootfsBuilder.build(List.of(layer, layer), target, new RootfsLimits(1 << 20, 3)))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer " + layer.diffId()
                        + ", entry \"b\": is entry 4 of the layers, but the limit for one image is 3"
                        + " (supermachine.image.max.entries). If the image is meant to have so many files, raise that"
                        + " setting.");
        assertThat(scratch).isEmptyDirectory();
        assertThat(RootfsBuilder.build(List.of(layer, layer), target, new RootfsLimits(1 << 20, 4))
                        .inodeCount())
                .isEqualTo(3);
    }

    @Test
    void refusesTooManyBytesOverAllLayers() {
        TestLayer layer = TestLayer.of(TarSpec.file("a", "x".repeat(3000)));

        assertThatThrownBy(() -> RootfsBuilder.build(List.of(layer, layer), target, new RootfsLimits(6000, 10)))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer " + layer.diffId()
                        + ", entry \"a\": the layers hold at least 8120 bytes uncompressed, but the limit for one image"
                        + " is 6000 (supermachine.image.max.bytes). The layer may be a decompression bomb; if the image"
                        + " is meant to be so large, raise that setting.");
        assertThat(scratch).isEmptyDirectory();
    }

    @Test
    void whatFollowsTheArchiveCountsToo() {
        TestLayer layer = new TestLayer(Arrays.copyOf(TarSpec.archive(TarSpec.file("a", "x")), 1 << 20));

        assertThatThrownBy(() -> RootfsBuilder.build(List.of(layer), target, new RootfsLimits(100_000, 10)))
                .isInstanceOf(ImageException.class)
                .hasMessageStartingWith("Layer " + layer.diffId() + ", entry \"\": the layers hold at least ")
                .hasMessageContaining(" bytes uncompressed, but the limit for one image is 100000 ");
        assertThat(RootfsBuilder.build(List.of(layer), target, new RootfsLimits(1 << 20, 10))
                        .inodeCount())
                .isEqualTo(2);
    }

    @Test
    void refusesATreeThatTakesTooMuchMemoryAndForgetsWhatWasRemoved() {
        RootfsLimits limits = new RootfsLimits(1 << 30, 1 << 20, 100_000);
        ManyEntriesLayer files = new ManyEntriesLayer(1000, ManyEntriesLayer.Kind.FILES);

        assertThatThrownBy(() -> RootfsBuilder.build(List.of(files), target, limits))
                .isInstanceOf(ImageException.class)
                .hasMessageMatching(
                        "Layer sha256:FILES-1000, entry \"directory-0/file-\\d+\": with it, entry \\d+ of the"
                                + " layers, the list of the image's files takes 97 KiB of memory, but the limit is 97 KiB, half of"
                                + " this JVM's heap\\. If the image is meant to have so many files or attributes, give the JVM"
                                + " more heap \\(-Xmx\\); for tests, in Surefire's argLine or Gradle's maxHeapSize\\.");
        assertThat(scratch).isEmptyDirectory();

        // What is replaced or hidden again takes nothing, however often.
        List<LayerSource> layers = new ArrayList<>();
        layers.add(new ManyEntriesLayer(5000, ManyEntriesLayer.Kind.SAME));
        for (int i = 0; i < 20; i++) {
            layers.add(TestLayer.of(directoryOfFiles(200)));
            layers.add(TestLayer.of(TarSpec.file(".wh.d", ""), TarSpec.symlink("l", "t".repeat(4000))));
            layers.add(TestLayer.of(TarSpec.directory("d").xattr("user.x", "v".repeat(9000))));
            layers.add(TestLayer.of(TarSpec.directory("d"), TarSpec.file(".wh..wh..opq", "")));
        }
        assertThat(RootfsBuilder.build(layers, target, limits).inodeCount()).isEqualTo(2);
    }

    private static List<TarSpec> directoryOfFiles(int count) {
        List<TarSpec> entries = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            entries.add(TarSpec.file("d/f" + i, ""));
            entries.add(TarSpec.hardLink("d/g" + i, "d/f" + i));
        }
        return entries;
    }

    /** Each would be worked on until tomorrow if whiteouts or paths were looked through in full each time. */
    @Test
    void manyWhiteoutsAndDeepPathsTakeNoForever() {
        List<TarSpec> opaque = new ArrayList<>();
        for (int i = 0; i < 40_000; i++) {
            opaque.add(TarSpec.file("d/e/f" + i, ""));
        }
        for (int i = 0; i < 40_000; i++) {
            opaque.add(TarSpec.file(i % 2 == 0 ? "d/.wh..wh..opq" : "d/.wh.e", ""));
        }
        List<TarSpec> deep = new ArrayList<>();
        for (int i = 0; i < 4_000; i++) {
            deep.add(TarSpec.file("x/".repeat(2000) + i, ""));
        }

        assertThat(RootfsBuilder.build(
                                List.of(TestLayer.of(opaque), TestLayer.of(deep)), target, RootfsLimits.defaults())
                        .inodeCount())
                .isEqualTo(1 + 2 + 40_000 + 2000 + 4_000);
    }

    /** The stream of a pulled layer checks itself at its end, and so has to get there, whatever the archive says about its own. */
    @Test
    void readsEachLayerToTheEndOfItsStream() throws IOException {
        byte[] good = Arrays.copyOf(TarSpec.archive(TarSpec.file("a", "x".repeat(3000))), 20_480);
        assertThat(builtFrom(good)).isEqualTo("built");
        byte[] content = good.clone();
        content[2000] ^= 1;
        byte[] header = good.clone();
        header[3] ^= 1;
        byte[] behind = good.clone();
        behind[20_479] ^= 1;
        for (byte[] damaged : List.of(content, header, behind)) {
            assertThat(builtFrom(damaged)).isEqualTo("the digest is wrong");
            assertThat(scratch).isEmptyDirectory();
        }
    }

    private String builtFrom(byte[] tar) throws IOException {
        byte[] good = Arrays.copyOf(TarSpec.archive(TarSpec.file("a", "x".repeat(3000))), 20_480);
        LayerSource source = new LayerSource() {
            @Override
            public String diffId() {
                return "sha256:test";
            }

            @Override
            public InputStream open() {
                return new FilterInputStream(new ByteArrayInputStream(tar)) {
                    @Override
                    public int read(byte[] buffer, int offset, int length) throws IOException {
                        int count = super.read(buffer, offset, length);
                        if (count < 0 && !Arrays.equals(tar, good)) {
                            throw new ImageException("the digest is wrong");
                        }
                        return count;
                    }
                };
            }
        };
        try {
            RootfsBuilder.build(List.of(source), target, RootfsLimits.defaults());
            Files.delete(target);
            return "built";
        } catch (ImageException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
