package dev.supermachine.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.tar.TarSpec;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RootfsBuilderTest {

    @TempDir
    Path scratch;

    private Path target;

    @BeforeEach
    void chooseTarget() {
        target = scratch.resolve("root.erofs");
    }

    private RootfsResult build(LayerSource... layers) {
        return RootfsBuilder.build(List.of(layers), target, RootfsLimits.defaults());
    }

    private ErofsReader image(TarSpec... entries) throws IOException {
        build(TestLayer.of(entries));
        return new ErofsReader(target);
    }

    @Test
    void writesTheSuperBlock() throws IOException {
        RootfsResult result = build(TestLayer.of(TarSpec.file("a", "x".repeat(5000)), TarSpec.directory("d")));
        byte[] bytes = Files.readAllBytes(target);
        ByteBuffer block = new ErofsReader(target).superBlock();

        assertThat(block.getInt(0)).isEqualTo(0xE0F5E1E2);
        assertThat(block.getInt(8)).as("compatible features: checksum, mtime").isEqualTo(3);
        assertThat(block.get(12)).as("4096 as power of two").isEqualTo((byte) 12);
        assertThat(block.getLong(16)).isEqualTo(3).isEqualTo(result.inodeCount());
        assertThat(block.getInt(36)).isEqualTo(bytes.length / 4096);
        assertThat(block.getInt(80)).as("incompatible features").isZero();
        assertThat(result.sizeBytes()).isEqualTo(bytes.length).isEqualTo(4096 + 2 * 4096);
        assertThat(result.sha256()).isEqualTo(TestLayer.sha256(bytes));
        assertThat(block.getInt(4)).isEqualTo(crc32c(bytes));
    }

    /** CRC-32C, a bit at a time, starting from all ones and not inverted at the end. */
    private static int crc32c(byte[] bytes) {
        int crc = -1;
        for (int i = 1024; i < 4096; i++) {
            crc ^= i >= 1028 && i < 1032 ? 0 : bytes[i] & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = crc >>> 1 ^ ((crc & 1) == 0 ? 0 : 0x82F63B78);
            }
        }
        return crc;
    }

    @Test
    void writesMetadata() throws IOException {
        ErofsReader.Node file = image(TarSpec.file("f", "hello")
                        .mode(06755)
                        .owner(4_294_967_294L, 70_000)
                        .pax("mtime", "-1.5")
                        .xattr("security.capability", "\1\2\3")
                        .xattr("user.\u00e4", "v"))
                .at("/f");

        assertThat(file.mode()).isEqualTo(0106755);
        assertThat(file.uid()).isEqualTo(4_294_967_294L);
        assertThat(file.gid()).isEqualTo(70_000);
        assertThat(file.mtime()).isEqualTo(-2);
        assertThat(file.nanos()).isEqualTo(500_000_000);
        assertThat(file.links()).isEqualTo(1);
        assertThat(file.content()).isEqualTo("hello");
        assertThat(file.xattrs())
                .hasSize(2)
                .containsEntry("security.capability", "\1\2\3")
                .containsEntry("user.\u00e4", "v");
    }

    @Test
    void putsSmallContentsBehindTheirInodesAndLargeOnesIntoBlocks() throws IOException {
        List<TarSpec> entries = new ArrayList<>();
        int[] sizes = {0, 1, 2047, 2048, 2049, 4095, 4096, 4097, 100_000};
        for (int size : sizes) {
            entries.add(TarSpec.file("f" + size, "z".repeat(size)));
            entries.add(TarSpec.symlink("l" + size, "t".repeat(Math.max(1, Math.min(size, 4095)))));
        }
        ErofsReader image = image(entries.toArray(TarSpec[]::new));

        for (int size : sizes) {
            ErofsReader.Node file = image.at("/f" + size);
            assertThat(file.content()).isEqualTo("z".repeat(size));
            assertThat(file.layout()).isEqualTo(size > 0 && size <= 2048 ? 2 : 0);
            assertThat(image.at("/l" + size).content()).hasSize(Math.max(1, Math.min(size, 4095)));
            assertThat(image.at("/l" + size).mode()).isEqualTo(0120777);
        }
    }

    @Test
    void writesDirectoriesOfManyBlocks() throws IOException {
        List<TarSpec> entries = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            // Some sort before "." and "..".
            entries.add(TarSpec.of('6', "d/" + "!+.z".charAt(i % 4) + "-" + i + "x".repeat(i % 40)));
        }
        ErofsReader image = image(entries.toArray(TarSpec[]::new));
        ErofsReader.Node directory = image.at("/d");

        assertThat(image.entries(directory))
                .hasSize(1002)
                .containsEntry(".", directory.nid())
                .containsEntry("..", image.root().nid());
        assertThat(directory.size()).isGreaterThan(4 * 4096);
        assertThat(directory.links()).isEqualTo(2);
    }

    @Test
    void countsLinks() throws IOException {
        ErofsReader image = image(
                TarSpec.file("a", "1"),
                TarSpec.hardLink("b", "a"),
                TarSpec.directory("d"),
                TarSpec.hardLink("d/c", "b"));

        assertThat(image.at("/a").links()).isEqualTo(3);
        assertThat(image.at("/d/c").nid()).isEqualTo(image.at("/a").nid());
        assertThat(image.root().links()).isEqualTo(3);
        assertThat(image.entries(image.root())).containsEntry("..", image.root().nid());
    }

    @Test
    void writesDevicesAndFifos() throws IOException {
        ErofsReader image = image(
                TarSpec.device('3', "c", 5, 1),
                TarSpec.device('4', "b", 259, 0x12345),
                TarSpec.of('6', "p").mode(0600));

        assertThat(image.at("/c").union()).isEqualTo(5 << 8 | 1);
        assertThat(image.at("/b").union()).isEqualTo(0x12300000 | 259 << 8 | 0x45);
        assertThat(image.at("/b").mode()).isEqualTo(0060644);
        assertThat(image.at("/p").mode()).isEqualTo(0010600);
    }

    @Test
    void writesAttributesLongerThanABlock() throws IOException {
        ErofsReader image = image(
                TarSpec.symlink("l", "target").xattr("trusted.big", "v".repeat(60_000)),
                TarSpec.file("f", "content").xattr("user.big", "w".repeat(10_000)));

        assertThat(image.at("/l").content()).isEqualTo("target");
        assertThat(image.at("/l").xattrs()).containsEntry("trusted.big", "v".repeat(60_000));
        assertThat(image.at("/f").content()).isEqualTo("content");
        assertThat(image.at("/f").xattrs()).containsEntry("user.big", "w".repeat(10_000));
    }

    @Test
    void takesContentsOfSeveralLayersAndSkipsReplacedOnes() throws IOException {
        build(
                TestLayer.of(TarSpec.file("a", "A".repeat(9000)), TarSpec.file("b", "lower")),
                TestLayer.of(TarSpec.file("b", "B".repeat(7000)), TarSpec.file("c", "first"), TarSpec.file("c", "C")));
        ErofsReader image = new ErofsReader(target);

        assertThat(image.at("/a").content()).isEqualTo("A".repeat(9000));
        assertThat(image.at("/b").content()).isEqualTo("B".repeat(7000));
        assertThat(image.at("/c").content()).isEqualTo("C");
    }

    @Test
    void writesAnEmptyRootForNoLayers() throws IOException {
        RootfsResult result = build();

        assertThat(result.inodeCount()).isEqualTo(1);
        assertThat(new ErofsReader(target).root().mode()).isEqualTo(0040755);
    }

    @Test
    void sameLayersMakeTheSameFile() throws IOException {
        for (int seed = 1; seed <= 8; seed++) {
            List<LayerSource> layers = stack(seed);
            RootfsResult first = RootfsBuilder.build(layers, target, RootfsLimits.defaults());
            byte[] bytes = Files.readAllBytes(target);
            Path again = scratch.resolve("again.erofs");
            RootfsResult second = RootfsBuilder.build(layers, again, RootfsLimits.defaults());

            assertThat(second).isEqualTo(first);
            assertThat(Files.readAllBytes(again)).isEqualTo(bytes);
        }
    }

    private static List<LayerSource> stack(long seed) {
        long next = seed;
        RandomStack stack = new RandomStack(next);
        while (stack.broken()) {
            next += 1000;
            stack = new RandomStack(next);
        }
        return List.copyOf(stack.layers());
    }

    @Test
    void otherLayersMakeAnotherUuid() throws IOException {
        build(TestLayer.of(TarSpec.file("a", "1")));
        byte[] first = new byte[16];
        new ErofsReader(target).superBlock().get(48, first);
        build(TestLayer.of(TarSpec.file("a", "2")));
        byte[] second = new byte[16];
        new ErofsReader(target).superBlock().get(48, second);

        assertThat(second).isNotEqualTo(first);
        assertThat(first[6] & 0xf0).as("version 8").isEqualTo(0x80);
        assertThat(first[8] & 0xc0).as("variant").isEqualTo(0x80);
    }

    @Test
    void overwritesTheTargetForItsOwnerOnly() throws IOException {
        build(TestLayer.of(TarSpec.file("a", "x".repeat(100_000))));
        RootfsResult result = build(TestLayer.of(TarSpec.file("a", "x")));

        assertThat(Files.size(target)).isEqualTo(result.sizeBytes()).isLessThan(100_000);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(target)))
                .isEqualTo("rw-------");
    }

    @Test
    void refusesLayersThatChangeBetweenReadings() {
        for (TestLayer changed : List.of(
                TestLayer.of(TarSpec.file("b", "x"), TarSpec.file("a", "x".repeat(3000))),
                TestLayer.of(TarSpec.file("a", "y".repeat(3001))),
                TestLayer.of(TarSpec.directory("a")),
                TestLayer.of())) {
            AtomicInteger openings = new AtomicInteger();
            LayerSource layer = source(() -> openings.getAndIncrement() == 0
                    ? TestLayer.of(TarSpec.file("a", "x".repeat(3000))).open()
                    : changed.open());

            assertThatThrownBy(() -> build(layer))
                    .isInstanceOf(ImageException.class)
                    .hasMessage(
                            "Layer sha256:test: its content changed between two readings. Something wrote to the blob;"
                                    + " pull the image again.");
            assertThat(target).doesNotExist();
        }
    }

    @Test
    void saysWhatCannotBeReadOrWritten() {
        assertThatThrownBy(() -> build(source(() -> {
                    throw new IOException("gone");
                })))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:test: cannot be read: gone");

        Path nowhere = scratch.resolve("missing/root.erofs");
        assertThatThrownBy(() -> RootfsBuilder.build(List.of(), nowhere, RootfsLimits.defaults()))
                .isInstanceOf(ImageException.class)
                .hasMessageMatching("Cannot write the root file system image " + nowhere
                        + " of 4096 bytes: NoSuchFileException for " + nowhere + "\\. The file system of "
                        + nowhere.getParent()
                        + " \\(\\S+\\) has \\d+ of \\d+ MiB free\\. .* the setting supermachine\\.cache\\.dir\\.");
    }

    @Test
    void readsLayersThatComeInSmallPieces() throws IOException {
        TestLayer layer = TestLayer.of(TarSpec.file("a", "A".repeat(9000)), TarSpec.file("b".repeat(200), "B"));
        Random random = new Random(7);
        build(source(() -> new FilterInputStream(layer.open()) {
            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                return super.read(buffer, offset, Math.min(length, 1 + random.nextInt(100)));
            }

            @Override
            public long skip(long n) throws IOException {
                return super.skip(Math.min(n, random.nextInt(100)));
            }
        }));

        assertThat(new ErofsReader(target).at("/a").content()).isEqualTo("A".repeat(9000));
        assertThat(new ErofsReader(target).at("/" + "b".repeat(200)).content()).isEqualTo("B");
    }

    private interface Opening {
        InputStream open() throws IOException;
    }

    private static LayerSource source(Opening opening) {
        return new LayerSource() {
            @Override
            public String diffId() {
                return "sha256:test";
            }

            @Override
            public InputStream open() throws IOException {
                return opening.open();
            }
        };
    }
}
