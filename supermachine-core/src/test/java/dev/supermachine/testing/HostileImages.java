package dev.supermachine.testing;

import static dev.supermachine.tar.TarSpec.directory;
import static dev.supermachine.tar.TarSpec.file;
import static dev.supermachine.tar.TarSpec.hardLink;
import static dev.supermachine.tar.TarSpec.symlink;

import dev.supermachine.tar.TarErrors;
import dev.supermachine.tar.TarSpec;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Images by somebody who means harm, or whose tools were broken, each with what is to be said about it. In the messages {@code {layout}} is the directory,
 * {@code {layer}} the diff_id of the last layer and {@code {blob}} the digest it is stored under; {@code {number}} and {@code {any}} are what no test can
 * know.
 */
public final class HostileImages {

    /** The limits that the bombs among them go beyond. */
    public static final long MAX_BYTES = 8 << 20;

    public static final long MAX_ENTRIES = 2000;

    /** Where it is refused. */
    public enum Stage {
        /** Nothing of it but whole layers may be kept. */
        PULL,
        /** The layers are what the image promises, so they are kept; there is no root file system. */
        MERGE
    }

    /** An image that is refused. */
    public record Refused(String name, Stage stage, OciLayout layout, String message) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static final String MALICIOUS = "The layer is damaged or malicious.";
    private static final String MISSING = "The layer is damaged, or a layer below it is missing.";
    private static final String CUT = "It was cut short; pull the image again.";
    private static final String BOMB =
            " (supermachine.image.max.bytes). The layer may be a decompression bomb; if the image is meant"
                    + " to be so large, raise that setting.";

    private HostileImages() {}

    public static List<Refused> refused() {
        List<Refused> images = new ArrayList<>();
        links(images);
        names(images);
        headers(images);
        sizes(images);
        HostileStreams.add(images);
        return images;
    }

    private static void links(List<Refused> to) {
        to.add(entry(
                "hard link out of the root",
                "h",
                "is a hard link to \"../../../etc/passwd\", which does not exist in this layer or those below. "
                        + MISSING,
                hardLink("h", "../../../etc/passwd")));
        to.add(entry(
                "hard link through a link out of the root",
                "h",
                "is a hard link to \"out/passwd\", which does not exist in this layer or those below. " + MISSING,
                symlink("out", "/../../../../etc"),
                hardLink("h", "out/passwd")));
        to.add(entry(
                "hard link to a directory",
                "h",
                "is a hard link to \"d\", which is a directory; only files can have several names.",
                directory("d"),
                hardLink("h", "d")));
        to.add(entry(
                "hard link to itself",
                "h",
                "is a hard link to \"h\", which does not exist in this layer or those below. " + MISSING,
                file("h", ""),
                hardLink("h", "h")));
        to.add(entry(
                "links in a circle",
                "a/f",
                "more than 255 symbolic links stand in its path; they probably go round in a circle.",
                symlink("a", "b"),
                symlink("b", "/a"),
                file("a/f", "")));
        to.add(entry(
                "file in a file",
                "a/b",
                "lies in \"/a\", which is not a directory. " + MISSING,
                file("a", ""),
                file("a/b", "")));
        to.add(entry(
                "root that is a link", "./", "is the root and not a directory. " + MALICIOUS, symlink("./", "/etc")));
        for (String whiteout : List.of(".wh.", ".wh..", "d/.wh...")) {
            to.add(entry(
                    "whiteout " + whiteout,
                    whiteout,
                    "is a whiteout that names nothing. " + MALICIOUS,
                    directory("d"),
                    file(whiteout, "")));
        }
    }

    private static void names(List<Refused> to) {
        String deep = "d/".repeat(1500);
        to.add(entry(
                "deeper than paths reach",
                "l/" + "e/".repeat(1500),
                "lies more than 2048 directories deep.",
                directory(deep),
                symlink("l", deep),
                directory("l/" + "e/".repeat(1500))));
        to.add(entry(
                "name of 256 bytes",
                "n".repeat(256),
                "one of its names is 256 bytes long; at most 255 are possible.",
                file("n".repeat(256), "")));
        to.add(entry(
                "path of 5000 bytes",
                "p/".repeat(2500),
                "its name is 5000 bytes long; at most 4096 are possible.",
                file("p/".repeat(2500), "")));
        to.add(entry(
                "link to 4096 bytes",
                "l",
                "links to a path of 4096 bytes; at most 4095 are possible.",
                symlink("l", "t".repeat(4096))));
        to.add(entry(
                "name with a zero byte",
                "a\0b",
                "its name contains a zero byte.",
                file("a", "").pax("path", "a\0b")));
    }

    private static void headers(List<Refused> to) {
        to.add(layer(
                "huge pax header",
                ": a pax header is 1048577 bytes long; at most 1048576 are read.",
                TarSpec.of('x', "x").content(new byte[(1 << 20) + 1]),
                file("a", "")));
        TarSpec half = paxHeader('x', "SCHILY.xattr.user.a", 600_000);
        to.add(layer(
                "many pax headers",
                ": the extended headers before one entry are 1200056 bytes long together, with a pax header of 600028; at"
                        + " most 1048576 are read.",
                half,
                half,
                file("a", "")));
        TarSpec global = paxHeader('g', "comment", 40_000);
        to.add(layer(
                "global pax headers that add up",
                ": the global pax headers are 80030 bytes long together; at most 65536 are read.",
                global,
                file("a", ""),
                global,
                file("b", "")));
        to.add(layer(
                "pax record whose length lies",
                ": a pax record says it is 99 bytes long, but no line ends there.",
                TarSpec.of('x', "x").content("99 path=a\n".getBytes(StandardCharsets.US_ASCII)),
                file("a", "")));
        to.add(entry(
                "huge attribute",
                "a",
                "the extended attribute \"user.x\" has a name of 6 and a value of 65536 bytes; at most 255 and 65535 are"
                        + " possible.",
                file("a", "").xattr("user.x", "v".repeat(65536))));
        TarSpec attributes = file("a", "");
        for (int i = 0; i < 5; i++) {
            attributes.xattr("user.x" + i, "v".repeat(60_000));
        }
        to.add(entry(
                "attributes that add up",
                "a",
                "its extended attributes are 300052 bytes long; at most 262140 are possible.",
                attributes));
        to.add(entry(
                "device that Linux does not have",
                "dev",
                "its device major number is not a number in range.",
                TarSpec.device('3', "dev", 4096, 0)));
        to.add(entry(
                "unknown type",
                "v",
                "has the type 0x56; files, directories, links, devices and fifos are known.",
                TarSpec.of('V', "v")));
        to.add(entry(
                "sparse file",
                "s",
                "is a sparse file, which is not supported. Build the layer without sparse files (GNU tar: without"
                        + " --sparse).",
                TarSpec.of('S', "s").gnu()));
        byte[] gap = join(file("a", "").bytes(), new byte[512], file("b", "").bytes());
        to.add(bytes(
                "zeros between entries",
                gap,
                ": a single block of zeros stands at byte 512 between entries. The archive is damaged."));
        byte[] flipped = TarSpec.archive(file("etc/motd", "hi"));
        flipped[0] ^= 1;
        to.add(bytes(
                "wrong checksum",
                flipped,
                ", entry \"dtc/motd\": its header has a wrong checksum (expected 4510, found 4509). The layer is damaged or"
                        + " not a tar archive."));
    }

    private static void sizes(List<Refused> to) {
        byte[] tar = TarSpec.archive(file("a", "x").pax("size", "1000000"));
        to.add(bytes(
                "size beyond the archive's end",
                tar,
                ": the archive ends after byte 1536 in the middle of an entry. " + CUT));
        to.add(entry(
                "size beyond all limits",
                "a",
                "the layers hold at least 1000000000001536 bytes uncompressed, but the limit for one image is 8388608"
                        + BOMB,
                file("a", "x").pax("size", "1000000000000000")));
        to.add(entry(
                "size that is no number",
                "a",
                "its size is not a number in range.",
                file("a", "x").pax("size", "-1")));
        List<TarSpec> many = new ArrayList<>();
        for (int i = 0; i <= MAX_ENTRIES; i++) {
            many.add(file("f" + i, ""));
        }
        to.add(entry(
                "too many entries",
                "f2000",
                "is entry 2001 of the layers, but the limit for one image is 2000 (supermachine.image.max.entries). If the"
                        + " image is meant to have so many files, raise that setting.",
                many.toArray(TarSpec[]::new)));
        to.add(pull(
                "two layers that are too large together",
                new OciLayout().tar(tarOf(5 << 20, 'a')).tar(tarOf(5 << 20, 'b')),
                tooLarge("{number}", "5244416")));
    }

    /** A tar of one file. */
    private static byte[] tarOf(int size, char content) {
        byte[] bytes = new byte[size];
        Arrays.fill(bytes, (byte) content);
        return TarSpec.archive(TarSpec.of('0', "large").content(bytes));
    }

    private static TarSpec paxHeader(char flag, String key, int length) {
        return TarSpec.of(flag, "x").content(TarSpec.paxData(new TreeMap<>(Map.of(key, "v".repeat(length)))));
    }

    private static Refused entry(String name, String entry, String problem, TarSpec... entries) {
        return layer(name, ", entry \"" + TarErrors.printable(entry) + "\": " + problem, entries);
    }

    private static Refused layer(String name, String rest, TarSpec... entries) {
        return bytes(name, TarSpec.archive(entries), rest);
    }

    static Refused bytes(String name, byte[] tar, String rest) {
        return new Refused(name, Stage.MERGE, new OciLayout().tar(tar), "Layer {layer}" + rest);
    }

    static Refused pull(String name, OciLayout layout, String problem) {
        return new Refused(name, Stage.PULL, layout, "Cannot pull oci-layout:{layout}: " + problem);
    }

    static String tooLarge(String found, String stored) {
        return "layer {any}, which has " + stored + " bytes, unpacks to so many that the layers hold at least " + found
                + " bytes uncompressed, but the limit for one image is 8388608 (supermachine.image.max.bytes). Nothing was"
                + " stored of it. It may be a decompression bomb; if the image is meant to be so large, raise that"
                + " setting.";
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
