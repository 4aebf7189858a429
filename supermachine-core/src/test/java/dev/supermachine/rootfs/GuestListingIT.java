package dev.supermachine.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.ExecResult;
import dev.supermachine.Image;
import dev.supermachine.OciImageBuilder;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.hash.Sha256;
import dev.supermachine.image.Images;
import dev.supermachine.image.TestImages;
import dev.supermachine.oci.DebianRegistry;
import dev.supermachine.settings.Settings;
import dev.supermachine.tar.TarSpec;
import dev.supermachine.testing.OciLayout;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a guest sees of its root image is what {@code umoci unpack} makes of the same layers: every path with all it carries. */
class GuestListingIT {

    private static final int STACKS = TestImages.count("guest.stacks", 2);
    private static final int FILE_MIB = TestImages.count("file.mib", 64);
    private static final long FIRST_SEED = Long.getLong("supermachine.test.seed", 1);

    /** Where the layers that a test makes have the program that runs as the workload: they have nothing else that could. */
    private static final String PAUSE = "the-workload";

    @TempDir
    Path directory;

    private CanonicalListing listing;

    @BeforeEach
    void makeListing() {
        Tools.require("umoci", "musl-gcc");
        listing = new CanonicalListing(directory);
    }

    @ParameterizedTest
    @ValueSource(strings = {"debian-busybox", "debian-postgres", "debian-redis", "debian-nginx"})
    void theGuestSeesWhatUmociUnpacks(String name) throws IOException {
        Path layout = TestImages.file(name + ".oci");
        List<String> seen = compare(
                Image.builder(TestImages.reference(name)),
                layout + ":" + LayoutTag.of(layout),
                name,
                "sleep",
                "1000000");
        assertThat(seen).hasSizeGreaterThan(50);
    }

    @Test
    void theGuestSeesTheSameOfWhatWasPushedInChunks() throws IOException {
        Tools.require("skopeo", "docker-registry");
        Path layout = TestImages.file("debian-busybox.oci");
        String tagged = layout + ":" + LayoutTag.of(layout);
        String plain = Tools.uncompressed(directory, tagged);
        try (DebianRegistry registry = DebianRegistry.start(directory.resolve("registry"), false)) {
            registry.push(plain, "team/busybox:1", "--dest-compress-format", "zstd:chunked");
            compare(Image.builder(registry.address() + "/team/busybox:1"), tagged, "pushed", "sleep", "1000000");
        }
    }

    @Test
    void theGuestSeesStacksByChanceAsUmociUnpacksThem() throws IOException {
        int compared = 0;
        for (long seed = FIRST_SEED; compared < STACKS; seed++) {
            RandomStack stack = new RandomStack(seed);
            if (!stack.broken()) {
                OciLayout layout = new OciLayout();
                stack.layers().forEach(layer -> layout.tar(layer.tar()));
                compareLayout(layout, "stack-" + seed);
                compared++;
            }
        }
    }

    /** Content that no two blocks of have in common, so that each has to be in its place. */
    @Test
    void theGuestSeesALargeFile() throws IOException {
        ByteArrayOutputStream stored = new ByteArrayOutputStream();
        MessageDigest tar = Sha256.newDigest();
        try (DigestOutputStream out = new DigestOutputStream(new GZIPOutputStream(stored), tar);
                InputStream in = new PiecesInput(GuestListingIT::largeFile)) {
            in.transferTo(out);
        }
        String diffId = "sha256:" + Sha256.hex(tar);
        List<String> seen =
                compareLayout(new OciLayout().layer(OciLayout.LAYER + "+gzip", stored.toByteArray(), diffId), "large");
        assertThat(seen).anyMatch(line -> line.contains(" " + ((long) FILE_MIB << 20) + " "));
    }

    /** A tar of one file, in pieces of a mebibyte. */
    private static byte @Nullable [] largeFile(int number) {
        if (number == 0) {
            return TarSpec.of('0', "large")
                    .pax("size", Long.toString((long) FILE_MIB << 20))
                    .bytes();
        }
        if (number > FILE_MIB) {
            return number == FILE_MIB + 1 ? new byte[1024] : null;
        }
        ByteBuffer piece = ByteBuffer.allocate(1 << 20);
        Arrays.fill(piece.array(), (byte) number);
        for (int block = 0; block < piece.capacity(); block += 4096) {
            piece.putLong(block, ((long) number << 20) + block);
        }
        return piece.array();
    }

    private List<String> compareLayout(OciLayout layout, String name) throws IOException {
        layout.tar(TarSpec.archive(TarSpec.of('0', PAUSE)
                .content(Files.readAllBytes(pauseProgram()))
                .mode(0755)));
        Path path = directory.resolve(name);
        layout.write(path);
        // Stores of its own, so that what is made here goes with the test.
        Map<String, String> own = Map.of(
                "supermachine.cache.dir", directory.resolve("cache").toString(),
                "supermachine.snapshots.dir", directory.resolve("snapshots").toString());
        return compare(
                Images.builder("oci-layout:" + path + ":test", Settings.withParameters(own::get)),
                path + ":test",
                name,
                "/" + PAUSE);
    }

    private Path pauseProgram() throws IOException {
        Path program = directory.resolve("pause");
        if (!Files.exists(program)) {
            Path source = Files.writeString(
                    directory.resolve("pause.c"), "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n");
            Tools.check(directory, "musl-gcc", "-static", "-o", program.toString(), source.toString());
        }
        return program;
    }

    private List<String> compare(OciImageBuilder builder, String umociImage, String name, String... command)
            throws IOException {
        long start = Instant.now().getEpochSecond();
        Path bundle = directory.resolve("bundle-" + name);
        Tools.check(directory, "umoci", "unpack", "--image", umociImage, bundle.toString());
        List<String> expected = listing.ofDirectory(bundle.resolve("rootfs"));

        Image image = builder.withName("listing-" + name).withCmd(command).build();
        List<String> seen;
        try (Vm vm = image.start(VmConfig.defaults())) {
            Path program = Files.createDirectory(directory.resolve("program-" + name));
            Files.copy(listing.program(), program.resolve("listing"), StandardCopyOption.COPY_ATTRIBUTES);
            vm.copyIn(program, "/run/program");
            ExecResult result = vm.command("/run/program/listing", "/run/root-image", "/dev/vda")
                    .user("0")
                    .output();
            assertThat(result.success()).as("%s", result).isTrue();
            seen = new String(result.stdout(), StandardCharsets.ISO_8859_1)
                    .lines()
                    .toList();
        }
        assertThat(CanonicalListing.difference(
                        CanonicalListing.withoutTimesFrom(start, expected, expected),
                        CanonicalListing.withoutTimesFrom(start, expected, seen)))
                .as("lines that differ between umoci's tree and the guest's of %s", name)
                .isEmpty();
        assertThat(seen).hasSameSizeAs(expected);
        return seen;
    }
}
