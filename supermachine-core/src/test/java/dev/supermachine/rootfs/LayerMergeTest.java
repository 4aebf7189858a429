package dev.supermachine.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.tar.EntryType;
import dev.supermachine.tar.TarEntry;
import dev.supermachine.tar.TarReader;
import dev.supermachine.tar.TarSpec;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class LayerMergeTest {

    private static Inode merge(List<TestLayer> layers) {
        LayerMerge merge = new LayerMerge();
        for (int i = 0; i < layers.size(); i++) {
            LayerErrors errors = new LayerErrors("sha256:" + i);
            merge.beginLayer(errors);
            TarReader reader = new TarReader(layers.get(i).open(), errors, 1L << 40);
            for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
                merge.apply(entry);
            }
        }
        return merge.root();
    }

    private static SortedMap<String, Inode> tree(TestLayer... layers) {
        TreeMap<String, Inode> all = new TreeMap<>();
        collect(merge(List.of(layers)), "", all);
        return all;
    }

    private static void collect(Inode directory, String path, SortedMap<String, Inode> into) {
        directory.entries().forEach((name, dentry) -> {
            into.put(path + "/" + name, dentry.inode);
            if (dentry.inode.isDirectory()) {
                collect(dentry.inode, path + "/" + name, into);
            }
        });
    }

    private static Inode at(SortedMap<String, Inode> tree, String path) {
        return Objects.requireNonNull(tree.get(path), path);
    }

    private static void refuses(String message, TestLayer... layers) {
        assertThatThrownBy(() -> merge(List.of(layers)))
                .isInstanceOf(ImageException.class)
                .hasMessage(message);
    }

    @Test
    void emptyStackIsAnEmptyRoot() {
        Inode root = merge(List.of());

        assertThat(root.entries()).isEmpty();
        assertThat(root.mode).isEqualTo(0755);
    }

    @Test
    void upperFileReplacesLower() {
        var tree = tree(
                TestLayer.of(TarSpec.file("a", "lower").mode(0600)),
                TestLayer.of(TarSpec.file("a", "up").mode(0640)));

        assertThat(at(tree, "/a").layer).isEqualTo(1);
        assertThat(at(tree, "/a").size).isEqualTo(2);
        assertThat(at(tree, "/a").mode).isEqualTo(0640);
    }

    @Test
    void laterEntryOfTheSameLayerReplacesEarlier() {
        var tree = tree(TestLayer.of(TarSpec.file("a", "1"), TarSpec.file("a", "22")));

        assertThat(at(tree, "/a").size).isEqualTo(2);
        assertThat(at(tree, "/a").entry).isEqualTo(1);
    }

    @Test
    void directoryKeepsItsChildrenAndGetsTheUppersMetadata() {
        var tree = tree(
                TestLayer.of(TarSpec.directory("d").xattr("user.x", "1").mtime(5), TarSpec.file("d/f", "")),
                TestLayer.of(TarSpec.directory("d").mode(01777).owner(3, 4).pax("mtime", "7.000000008")));

        assertThat(tree.keySet()).containsExactly("/d", "/d/f");
        Inode directory = at(tree, "/d");
        assertThat(directory.mode).isEqualTo(01777);
        assertThat(directory.uid).isEqualTo(3);
        assertThat(directory.gid).isEqualTo(4);
        assertThat(directory.mtimeSeconds).isEqualTo(7);
        assertThat(directory.mtimeNanos).isEqualTo(8);
        assertThat(directory.xattrs).isEmpty();
    }

    @Test
    void directoryReplacesFileAndFileReplacesDirectory() {
        TestLayer lower = TestLayer.of(TarSpec.file("a", ""), TarSpec.directory("b"), TarSpec.file("b/gone", ""));

        var tree = tree(lower, TestLayer.of(TarSpec.directory("a"), TarSpec.file("b", "")));

        assertThat(tree.keySet()).containsExactly("/a", "/b");
        assertThat(at(tree, "/a").type).isEqualTo(EntryType.DIRECTORY);
        assertThat(at(tree, "/b").type).isEqualTo(EntryType.FILE);
    }

    @Test
    void directoryReplacesLinkToDirectory() {
        TestLayer lower = TestLayer.of(TarSpec.directory("usr"), TarSpec.symlink("lib", "usr"));

        var tree = tree(lower, TestLayer.of(TarSpec.directory("lib"), TarSpec.file("lib/f", "")));

        assertThat(tree.keySet()).containsExactly("/lib", "/lib/f", "/usr");
    }

    @Test
    void whiteoutRemovesFilesAndWholeDirectoriesBelow() {
        TestLayer lower = TestLayer.of(
                TarSpec.file("keep", ""),
                TarSpec.file("a", ""),
                TarSpec.file("d/e/f", ""),
                TarSpec.symlink("l", "keep"));

        var tree = tree(
                lower, TestLayer.of(TarSpec.file(".wh.a", ""), TarSpec.file("d/.wh.e", ""), TarSpec.file(".wh.l", "")));

        assertThat(tree.keySet()).containsExactly("/d", "/keep");
    }

    @Test
    void whiteoutSparesWhatItsOwnLayerBrings() {
        TestLayer lower = TestLayer.of(TarSpec.file("a", "old"), TarSpec.file("d/old", ""));

        var tree = tree(
                lower,
                TestLayer.of(
                        TarSpec.file("a", "new"),
                        TarSpec.file(".wh.a", ""),
                        TarSpec.file("d/new", ""),
                        TarSpec.file(".wh.d", "")));

        assertThat(tree.keySet()).containsExactly("/a", "/d", "/d/new");
        assertThat(at(tree, "/a").size).isEqualTo(3);
    }

    @Test
    void whiteoutOfNothingDoesNothing() {
        var tree = tree(TestLayer.of(
                TarSpec.file(".wh.a", ""), TarSpec.file("no/such/.wh.b", ""), TarSpec.file("no/.wh..wh..opq", "")));

        assertThat(tree).isEmpty();
    }

    @Test
    void opaqueDirectoryHidesLowerChildrenBeforeAndAfterItsOwn() {
        TestLayer lower = TestLayer.of(TarSpec.file("d/old", ""), TarSpec.file("d/sub/old", ""), TarSpec.file("e", ""));

        var tree = tree(
                lower,
                TestLayer.of(
                        TarSpec.file("d/before", ""),
                        TarSpec.file("d/sub/new", ""),
                        TarSpec.file("d/.wh..wh..opq", ""),
                        TarSpec.file("d/after", "")));

        assertThat(tree.keySet()).containsExactly("/d", "/d/after", "/d/before", "/d/sub", "/d/sub/new", "/e");
    }

    @Test
    void opaqueRootHidesAllBelow() {
        var tree = tree(
                TestLayer.of(TarSpec.file("old", "")),
                TestLayer.of(TarSpec.file(".wh..wh..opq", ""), TarSpec.file("new", "")));

        assertThat(tree.keySet()).containsExactly("/new");
    }

    @Test
    void hardLinksShareOneInodeOverLayers() {
        var tree = tree(
                TestLayer.of(TarSpec.file("a", "1"), TarSpec.hardLink("b", "a")),
                TestLayer.of(TarSpec.hardLink("c", "/b").mode(0), TarSpec.file(".wh.a", "")));

        assertThat(tree.keySet()).containsExactly("/b", "/c");
        assertThat(at(tree, "/b")).isSameAs(at(tree, "/c"));
        assertThat(at(tree, "/b").mode).isEqualTo(0644);
    }

    @Test
    void replacingOneNameLeavesTheOthers() {
        var tree = tree(
                TestLayer.of(TarSpec.file("a", "1"), TarSpec.hardLink("b", "a")),
                TestLayer.of(TarSpec.file("a", "22")));

        assertThat(at(tree, "/a").size).isEqualTo(2);
        assertThat(at(tree, "/b").size).isEqualTo(1);
    }

    @Test
    void hardLinkToLinkIsTheLinkItself() {
        var tree = tree(TestLayer.of(TarSpec.symlink("l", "nowhere"), TarSpec.hardLink("h", "l")));

        assertThat(at(tree, "/h")).isSameAs(at(tree, "/l"));
    }

    @Test
    void parentsNotNamedAreRootsWithMode0755() {
        var tree = tree(TestLayer.of(TarSpec.file("x/y/z", "").owner(5, 5)));

        Inode implied = at(tree, "/x/y");
        assertThat(implied.mode).isEqualTo(0755);
        assertThat(implied.uid).isZero();
        assertThat(implied.mtimeSeconds).isZero();
    }

    @Test
    void entriesGoThroughLinksInsideTheRoot() {
        TestLayer lower = TestLayer.of(
                TarSpec.directory("usr/lib"),
                TarSpec.symlink("lib", "usr/lib"),
                TarSpec.symlink("abs", "/usr"),
                TarSpec.symlink("up", "../../../usr"),
                TarSpec.symlink("dangling", "to/be/made"));

        var tree = tree(
                lower,
                TestLayer.of(
                        TarSpec.file("lib/a", ""),
                        TarSpec.file("abs/b", ""),
                        TarSpec.file("up/lib/c", ""),
                        TarSpec.file("dangling/d", "")));

        assertThat(tree.keySet())
                .contains("/usr/lib/a", "/usr/b", "/usr/lib/c", "/to/be/made/d")
                .doesNotContain("/lib/a");
    }

    @Test
    void namesCannotLeaveTheRoot() {
        var tree = tree(TestLayer.of(
                TarSpec.file("/abs", ""),
                TarSpec.file("../../up", ""),
                TarSpec.file("a/../../b", ""),
                TarSpec.file("./c//d", "")));

        assertThat(new TreeSet<>(tree.keySet())).containsExactly("/abs", "/b", "/c", "/c/d", "/up");
    }

    @Test
    void rootTakesItsMetadataFromItsEntry() {
        Inode root =
                merge(List.of(TestLayer.of(TarSpec.directory("./").mode(0711).owner(1, 2))));

        assertThat(root.mode).isEqualTo(0711);
        assertThat(root.gid).isEqualTo(2);
    }

    @Test
    void foreignAttributesAreLeftOut() {
        var tree = tree(TestLayer.of(TarSpec.file("a", "")
                .xattr("com.apple.provenance", "x")
                .xattr("security.selinux", "label")
                .xattr("trusted.overlay.opaque", "y")
                .xattr("system.other", "z")));

        assertThat(at(tree, "/a").xattrs).isEmpty();
    }

    @Test
    void attributesAreEncodedAsErofsWantsThem() {
        var tree =
                tree(TestLayer.of(TarSpec.file("a", "").xattr("user.n", "abc").xattr("system.posix_acl_access", "p")));

        // Header of 12 bytes; name length, name space, value length, name, value, filled up to four bytes.
        assertThat(at(tree, "/a").xattrs)
                .containsExactly(
                        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 'p', 0, 0, 0, 1, 1, 3, 0, 'n', 'a', 'b', 'c');
    }

    @Test
    void refusesRootThatIsNoDirectory() {
        refuses(
                "Layer sha256:0, entry \"./\": is the root and not a directory. The layer is damaged or malicious.",
                TestLayer.of(TarSpec.symlink("./", "/etc")));
    }

    @Test
    void refusesHardLinkToNothing() {
        refuses(
                "Layer sha256:1, entry \"b\": is a hard link to \"a\", which does not exist in this layer or those below."
                        + " The layer is damaged, or a layer below it is missing.",
                TestLayer.of(TarSpec.file("a", "")),
                TestLayer.of(TarSpec.file(".wh.a", ""), TarSpec.hardLink("b", "a")));
    }

    @Test
    void refusesHardLinkToDirectory() {
        refuses(
                "Layer sha256:0, entry \"b\": is a hard link to \"d\", which is a directory; only files can have several"
                        + " names.",
                TestLayer.of(TarSpec.directory("d"), TarSpec.hardLink("b", "d")));
    }

    @Test
    void refusesEntryInFile() {
        refuses(
                "Layer sha256:0, entry \"a/b/c\": lies in \"/a\", which is not a directory. The layer is damaged, or a"
                        + " layer below it is missing.",
                TestLayer.of(TarSpec.file("a", ""), TarSpec.file("a/b/c", "")));
    }

    @Test
    void refusesLinksInCircles() {
        refuses(
                "Layer sha256:0, entry \"a/f\": more than 255 symbolic links stand in its path; they probably go round in"
                        + " a circle.",
                TestLayer.of(TarSpec.symlink("a", "b"), TarSpec.symlink("b", "a"), TarSpec.file("a/f", "")));
    }

    @Test
    void refusesWhiteoutsThatNameNothing() {
        for (String name : List.of("d/.wh.", "d/.wh..", "d/.wh...")) {
            refuses(
                    "Layer sha256:0, entry \"" + name + "\": is a whiteout that names nothing. The layer is damaged or"
                            + " malicious.",
                    TestLayer.of(TarSpec.directory("d"), TarSpec.file(name, "")));
        }
    }

    @Test
    void refusesNamesTooLong() {
        String name = "n".repeat(256);
        assertThatThrownBy(() -> merge(List.of(TestLayer.of(TarSpec.file("d/" + name, "")))))
                .isInstanceOf(ImageException.class)
                .hasMessageEndingWith("one of its names is 256 bytes long; at most 255 are possible.");
        assertThatThrownBy(() -> merge(List.of(TestLayer.of(TarSpec.symlink("l", name), TarSpec.file("l/f", "")))))
                .isInstanceOf(ImageException.class)
                .hasMessageEndingWith("one of its names is 256 bytes long; at most 255 are possible.");
    }

    @Test
    void refusesDepthBeyondPaths() {
        TestLayer deep = TestLayer.of(
                TarSpec.directory("d/".repeat(1500)),
                TarSpec.symlink("l", "d/".repeat(1500)),
                TarSpec.directory("l/" + "e/".repeat(1500)));
        assertThatThrownBy(() -> merge(List.of(deep)))
                .isInstanceOf(ImageException.class)
                .hasMessageEndingWith("lies more than 2048 directories deep.");
    }
}
