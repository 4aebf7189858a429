package dev.supermachine.testing;

import static dev.supermachine.tar.TarSpec.file;

import com.github.luben.zstd.Zstd;
import dev.supermachine.tar.TarSpec;
import dev.supermachine.testing.HostileImages.Refused;
import dev.supermachine.testing.HostileImages.Stage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/** The part of the {@link HostileImages} in which not the tar is wrong, but what is around it: compression, manifest, configuration. */
final class HostileStreams {

    private static final String PUT_TOGETHER = "The image was put together wrongly; build and push it again.";
    private static final String AGAINST = "Whoever made the image wrote a configuration against the specification.";

    private HostileStreams() {}

    static void add(List<Refused> to) {
        compression(to);
        documents(to);
    }

    private static void compression(List<Refused> to) {
        byte[] zeros = new byte[64 << 20];
        byte[] gzip = gzip(zeros);
        to.add(HostileImages.pull(
                "gzip bomb",
                new OciLayout().layer(OciLayout.LAYER + "+gzip", gzip, zeros),
                HostileImages.tooLarge("{number}", "" + gzip.length)));
        byte[] zstd = Zstd.compress(zeros);
        to.add(HostileImages.pull(
                "zstd bomb",
                new OciLayout().layer(OciLayout.LAYER + "+zstd", zstd, zeros),
                HostileImages.tooLarge("{number}", "" + zstd.length)));
        byte[] member = gzip(new byte[1 << 20]);
        byte[] members = member;
        for (int i = 0; i < 5; i++) {
            members = HostileImages.join(members, members);
        }
        to.add(HostileImages.pull(
                "bomb of gzip members",
                new OciLayout().layer(OciLayout.LAYER + "+gzip", members, zeros),
                HostileImages.tooLarge("{number}", "" + members.length)));
        byte[] tar = TarSpec.archive(file("a", "x".repeat(5000)));
        byte[] whole = gzip(tar);
        to.add(HostileImages.pull(
                "gzip that is cut",
                new OciLayout().layer(OciLayout.LAYER + "+gzip", Arrays.copyOf(whole, whole.length - 9), tar),
                "layer {blob} (application/vnd.oci.image.layer.v1.tar+gzip) has the right digest but does not decompress:"
                        + " The gzip data ends in the middle. " + PUT_TOGETHER));
        byte[] wrongSum = whole.clone();
        wrongSum[whole.length - 7] ^= 1;
        to.add(HostileImages.pull(
                "gzip with a wrong checksum",
                new OciLayout().layer(OciLayout.LAYER + "+gzip", wrongSum, tar),
                "layer {blob} (application/vnd.oci.image.layer.v1.tar+gzip) has the right digest but does not decompress:"
                        + " {any}. " + PUT_TOGETHER));
        byte[] packed = Zstd.compress(tar);
        to.add(HostileImages.pull(
                "zstd that is cut",
                new OciLayout().layer(OciLayout.LAYER + "+zstd", Arrays.copyOf(packed, packed.length - 3), tar),
                "layer {blob} (application/vnd.oci.image.layer.v1.tar+zstd) has the right digest but does not decompress:"
                        + " {any}. " + PUT_TOGETHER));
        to.add(HostileImages.bytes(
                "text instead of a tar",
                "text ".repeat(200).getBytes(StandardCharsets.US_ASCII),
                ", entry \"" + "text ".repeat(20)
                        + "\": its header has a wrong checksum (expected null, found {any}). The"
                        + " layer is damaged or not a tar archive."));
    }

    private static void documents(List<Refused> to) {
        byte[] tar = TarSpec.archive(file("a", "x"));
        to.add(HostileImages.pull(
                "layer larger than the manifest says",
                new OciLayout().tar(tar).descriptor(0, "size", tar.length - 1),
                "{layout}/blobs/sha256/{any} is longer than the manifest says: expected 2047 bytes, found more. Nothing was stored. Pull again;"
                        + " if it stays, push the image again."));
        to.add(HostileImages.pull(
                "layer smaller than the manifest says",
                new OciLayout().tar(tar).descriptor(0, "size", tar.length + 1),
                "{layout}/blobs/sha256/{any} broke off: expected 2049 bytes, found 2048. Nothing was stored. Pull again; blobs that are complete"
                        + " are not fetched twice."));
        String other = OciLayout.digest(new byte[0]);
        to.add(HostileImages.pull(
                "another diff_id",
                new OciLayout().layer(OciLayout.LAYER, tar, other),
                "layer {blob} uncompressed is not what the image's configuration promises: expected diff_id " + other
                        + ", found " + OciLayout.digest(tar) + ". " + PUT_TOGETHER));
        to.add(HostileImages.pull(
                "fewer diff_ids than layers",
                new OciLayout().tar(tar).config("rootfs", Map.of("diff_ids", List.of())),
                "its manifest has 1 layers, but its configuration has 0 diff_ids. " + PUT_TOGETHER));
        to.add(document(
                "digest with a path in it",
                new OciLayout().tar(tar).descriptor(0, "digest", "sha256:../../../../etc/passwd"),
                "{any}: layers[0]: digest: expected sha256: and 64 lower-case hexadecimal digits, but found"
                        + " 'sha256:../../../../etc/passwd'. Other digest algorithms are not supported."));
        to.add(document(
                "negative size",
                new OciLayout().tar(tar).descriptor(0, "size", -1),
                "{any}: layers[0]: size: expected a number of bytes, but found -1."));
        to.add(configuration(
                "entrypoint that is text",
                Map.of("Entrypoint", "/bin/sh"),
                "config.Entrypoint: expected an array, but found \"/bin/sh\""));
        to.add(configuration(
                "environment of numbers", Map.of("Env", List.of(1)), "config.Env[0]: expected a string, but found 1"));
        to.add(configuration(
                "user that is a number", Map.of("User", 0), "config.User: expected a string, but found 0"));
        to.add(configuration(
                "labels that nest",
                Map.of("Labels", Map.of("a", Map.of())),
                "config.Labels.a: expected a string, but found {}"));
        to.add(configuration("configuration that is a list", List.of(), "config: expected an object, but found []"));
    }

    private static Refused document(String name, OciLayout layout, String message) {
        return new Refused(name, Stage.PULL, layout, message);
    }

    private static Refused configuration(String name, Object config, String problem) {
        return document(
                name,
                new OciLayout().tar(TarSpec.archive()).config("config", config),
                "The configuration of oci-layout:{layout} cannot be read: " + problem + ". " + AGAINST);
    }

    static byte[] gzip(byte[] bytes) {
        ByteArrayOutputStream result = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(result)) {
            gzip.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return result.toByteArray();
    }
}
