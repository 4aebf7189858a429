package dev.supermachine.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.ExecResult;
import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.image.TestImages;
import dev.supermachine.oci.DebianRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a guest sees of its root image is what {@code umoci unpack} makes of the same layers: every path with all it carries. */
class GuestListingIT {

    @ParameterizedTest
    @ValueSource(strings = {"debian-busybox", "debian-postgres", "debian-redis", "debian-nginx"})
    void theGuestSeesWhatUmociUnpacks(String name, @TempDir Path directory) throws IOException {
        Tools.require("umoci", "musl-gcc");
        Path layout = TestImages.file(name + ".oci");
        assertSame(layout + ":" + LayoutTag.of(layout), TestImages.reference(name), "listing-" + name, directory);
    }

    @Test
    void theGuestSeesTheSameOfWhatWasPushedInChunks(@TempDir Path directory) throws IOException {
        Tools.require("umoci", "musl-gcc", "skopeo", "docker-registry");
        Path layout = TestImages.file("debian-busybox.oci");
        String tagged = layout + ":" + LayoutTag.of(layout);
        Path plain = directory.resolve("plain");
        Tools.check(
                directory,
                "skopeo",
                "--insecure-policy",
                "copy",
                "-q",
                "--dest-decompress",
                "oci:" + tagged,
                "dir:" + plain);
        try (DebianRegistry registry = DebianRegistry.start(directory.resolve("registry"), false)) {
            registry.push("dir:" + plain, "team/busybox:1", "--dest-compress-format", "zstd:chunked");
            assertSame(tagged, registry.address() + "/team/busybox:1", "listing-pushed", directory);
        }
    }

    private static void assertSame(String layout, String reference, String name, Path directory) throws IOException {
        CanonicalListing listing = new CanonicalListing(directory);
        long start = Instant.now().getEpochSecond();
        Path bundle = directory.resolve("bundle");
        Tools.check(directory, "umoci", "unpack", "--image", layout, bundle.toString());
        List<String> expected = listing.ofDirectory(bundle.resolve("rootfs"));

        Image image = Image.builder(reference)
                .withName(name)
                .withCmd("sleep", "1000000")
                .build();
        List<String> seen;
        try (Vm vm = image.start(VmConfig.defaults())) {
            Path program = Files.createDirectory(directory.resolve("program"));
            Files.copy(listing.program(), program.resolve("listing"), StandardCopyOption.COPY_ATTRIBUTES);
            vm.copyIn(program, "/run/program");
            ExecResult result = vm.command("/run/program/listing", "/run/root-image", "/dev/vda")
                    .user("root")
                    .output();
            assertThat(result.success()).as("%s", result).isTrue();
            seen = new String(result.stdout(), StandardCharsets.ISO_8859_1)
                    .lines()
                    .toList();
        }

        assertThat(seen).hasSizeGreaterThan(50);
        assertThat(CanonicalListing.difference(
                        CanonicalListing.withoutTimesFrom(start, expected, expected),
                        CanonicalListing.withoutTimesFrom(start, expected, seen)))
                .as("lines that differ between umoci's tree and the guest's")
                .isEmpty();
        assertThat(seen).hasSameSizeAs(expected);
    }
}
