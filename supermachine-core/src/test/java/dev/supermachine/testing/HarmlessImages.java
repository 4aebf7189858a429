package dev.supermachine.testing;

import static dev.supermachine.tar.TarSpec.directory;
import static dev.supermachine.tar.TarSpec.file;
import static dev.supermachine.tar.TarSpec.hardLink;
import static dev.supermachine.tar.TarSpec.symlink;

import dev.supermachine.tar.TarSpec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Images that look as if they meant harm and are none: each is what {@code umoci unpack} makes of it. */
public final class HarmlessImages {

    /** One of them. */
    public record Harmless(String name, OciLayout layout) {
        @Override
        public String toString() {
            return name;
        }
    }

    private HarmlessImages() {}

    /** All of them, no deeper than fsck.erofs 1.5 can follow: it needs a kilobyte-sized frame for each directory. */
    public static List<Harmless> all() {
        List<Harmless> images = new ArrayList<>();
        images.add(harmless(
                "names that climb or are absolute",
                file("../../../../tmp/climbed", "1"),
                file("/tmp/absolute", "2"),
                file("a/../../../b/./c//d", "3"),
                directory("../e/"),
                symlink("../../f", "x")));
        images.add(harmless(
                "links out of the root that are written through",
                symlink("out", "/../../../../tmp"),
                directory("tmp"),
                file("out/through", "1"),
                symlink("up", "../../.."),
                file("up/over/the/top", "2"),
                symlink("tmp/deeper", "../out/../tmp/below"),
                file("tmp/deeper/file", "3"),
                hardLink("out/again", "up/over/the/top")));
        images.add(new Harmless(
                "links of a lower layer that are written through",
                stack(
                        List.of(
                                directory("etc"),
                                symlink("etc/link", "/../../../../var"),
                                symlink("var", "usr/../srv")),
                        List.of(file("etc/link/passwd", "1"), file("var/lib/x", "2")))));
        images.add(harmless(
                "devices and fifos",
                TarSpec.device('3', "null", 1, 3).mode(0666),
                TarSpec.device('4', "disk", 4095, (1 << 20) - 1).mode(0),
                TarSpec.of('6', "fifo").mode(04755)));
        images.add(new Harmless(
                "opaque root",
                stack(
                        List.of(file("lower", ""), directory("d"), file("d/lower", ""), symlink("l", "d")),
                        List.of(file("d/upper", ""), file(".wh..wh..opq", ""), file("upper", "")))));
        images.add(new Harmless(
                "whiteouts of nothing and of what is above",
                stack(
                        List.of(file("a", ""), directory("d"), file("d/f", "")),
                        List.of(
                                file(".wh.missing", ""),
                                file("no/such/.wh.f", ""),
                                file("d/../../.wh.a", ""),
                                file("d/.wh...f", "")))));
        List<TarSpec> nested = new ArrayList<>();
        for (int depth : new int[] {1, 10, 300}) {
            nested.add(file("d/".repeat(depth) + "f", "" + depth).mtime(depth));
        }
        images.add(harmless("deep nesting", nested.toArray(TarSpec[]::new)));
        byte[] strange = new byte[255];
        for (int i = 0; i < strange.length; i++) {
            strange[i] = (byte) (i + 1 == '/' ? '_' : i + 1);
        }
        String name = new String(strange, StandardCharsets.ISO_8859_1);
        String invalid = "\u00ff\u00fe".repeat(127) + "\u0080";
        images.add(harmless(
                "names of 255 bytes that are no text",
                file(name, "1"),
                directory(invalid),
                file(invalid + "/" + name, "2").gnu(),
                symlink("link", invalid + "/" + name),
                hardLink(invalid + "/" + invalid, name)));
        images.add(harmless(
                "the same name again and again",
                file("a", "1"),
                directory("a"),
                file("a/b", "2"),
                symlink("a", "c"),
                TarSpec.of('6', "a"),
                file("a", "3"),
                file("b", "4"),
                hardLink("a", "b"),
                file("b", "5")));
        TarSpec records = file("records", "1");
        for (int i = 0; i < 20_000; i++) {
            records.pax("VENDOR." + i, "value");
        }
        images.add(harmless("thousands of pax records", records, file("next", "2")));
        images.add(harmless(
                "extreme owners, modes and times",
                file("a", "").owner(4_294_967_294L, 4_294_967_294L).mode(07777),
                file("b", "").mtime(0).pax("mtime", "-86400.000000001"),
                file("c", "").pax("mtime", "4102444800.999999999"),
                directory("d").mode(0)));
        byte[] tar = TarSpec.archive(file("a", "x".repeat(100_000)), file("b", "y"));
        byte[] half = HostileImages.join(
                HostileStreams.gzip(Arrays.copyOf(tar, 7000)),
                HostileStreams.gzip(Arrays.copyOfRange(tar, 7000, tar.length)));
        images.add(new Harmless(
                "gzip members, trailing zeros, no layers at all",
                new OciLayout()
                        .layer(OciLayout.LAYER + "+gzip", half, tar)
                        .tar(Arrays.copyOf(TarSpec.archive(file("c", "z")), 1 << 20))
                        .tar(TarSpec.archive())));
        OciLayout sixty = new OciLayout();
        for (int i = 0; i < 60; i++) {
            sixty.tar(TarSpec.archive(
                    directory("./").mtime(i),
                    file("every", "layer " + i),
                    file("d-" + i % 7 + "/f-" + i, "" + i).mtime(i),
                    file("d-" + (i + 3) % 7 + (i % 5 == 0 ? "/.wh..wh..opq" : "/.wh.f-" + (i - 11)), "")));
        }
        images.add(new Harmless("sixty layers", sixty));
        return images;
    }

    private static Harmless harmless(String name, TarSpec... entries) {
        return new Harmless(name, stack(List.of(entries)));
    }

    @SafeVarargs
    private static OciLayout stack(List<TarSpec>... layers) {
        OciLayout layout = new OciLayout();
        for (List<TarSpec> layer : layers) {
            // The root says when it was changed last, or unpacking would leave the present there.
            List<TarSpec> entries = new ArrayList<>(List.of(directory("./").mtime(1)));
            entries.addAll(layer);
            layout.tar(TarSpec.archive(entries));
        }
        return layout;
    }
}
