package dev.supermachine.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.tar.TarSpec;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files of this host over the layers of an image: what becomes of them, what they are known by, and what is refused in which words. */
class ExtraFilesTest {

    private static final int DIRECTORY = 0040000;
    private static final int REGULAR = 0100000;
    private static final int LINK = 0120000;

    @TempDir
    Path scratch;

    private Path host;
    private Path target;

    @BeforeEach
    void makeDirectories() throws IOException {
        host = Files.createDirectory(scratch.resolve("host"));
        target = scratch.resolve("root.erofs");
    }

    /** An image with a little of everything. */
    private static LayerSource image() {
        return TestLayer.of(
                TarSpec.directory("etc/").mode(0750).mtime(77),
                TarSpec.file("etc/motd", "the image's"),
                TarSpec.directory("usr/"),
                TarSpec.directory("usr/lib/"),
                TarSpec.file("usr/lib/a", "a"),
                TarSpec.symlink("lib", "usr/lib"),
                TarSpec.symlink("absolute", "/usr/lib"),
                TarSpec.symlink("out", "../../usr"),
                TarSpec.symlink("usr/out", "../../etc"),
                TarSpec.symlink("circle", "circle"),
                TarSpec.symlink("link-to-motd", "etc/motd"));
    }

    private ErofsReader build(Map<String, Path> files) throws IOException {
        RootfsBuilder.build(List.of(image()), ExtraFiles.read(files), target, RootfsLimits.defaults());
        assertThat(scratch.resolve("root.erofs.tar")).doesNotExist();
        return new ErofsReader(target);
    }

    private Path file(String name, String content) throws IOException {
        Path file = Files.writeString(host.resolve(name), content);
        return mode(file, "rw-r-----");
    }

    private static Path mode(Path path, String permissions) throws IOException {
        return Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    private static void is(ErofsReader.Node node, int type, int mode) {
        assertThat(Integer.toOctalString(node.mode())).isEqualTo(Integer.toOctalString(type | mode));
        assertThat(node.uid()).isZero();
        assertThat(node.gid()).isZero();
        assertThat(node.mtime()).isZero();
        assertThat(node.nanos()).isZero();
    }

    @Test
    void filesDirectoriesAndLinksStandInTheImage() throws IOException {
        Path tree = mode(Files.createDirectory(host.resolve("tree")), "rwx------");
        mode(Files.writeString(Files.createDirectory(tree.resolve("sub")).resolve("run"), "#!/bin/sh\n"), "rwxr-xr-x");
        mode(tree.resolve("sub"), "rwxr-x---");
        Files.createSymbolicLink(tree.resolve("dangling"), Path.of("/no/such"));
        Path link = Files.createSymbolicLink(host.resolve("link"), Path.of("sub/run"));

        ErofsReader reader = build(Map.of(
                "/etc/app/settings.conf", file("settings", "colour=blue"), "/opt/tree", tree, "/opt/link", link));

        is(reader.at("etc/app"), DIRECTORY, 0755);
        is(reader.at("etc/app/settings.conf"), REGULAR, 0640);
        assertThat(reader.at("etc/app/settings.conf").content()).isEqualTo("colour=blue");
        is(reader.at("opt"), DIRECTORY, 0755);
        is(reader.at("opt/tree"), DIRECTORY, 0700);
        is(reader.at("opt/tree/sub"), DIRECTORY, 0750);
        is(reader.at("opt/tree/sub/run"), REGULAR, 0755);
        assertThat(reader.at("opt/tree/sub/run").content()).isEqualTo("#!/bin/sh\n");
        is(reader.at("opt/tree/dangling"), LINK, 0777);
        assertThat(reader.at("opt/tree/dangling").content()).isEqualTo("/no/such");
        assertThat(reader.at("opt/link").content()).isEqualTo("sub/run");
        assertThat(reader.at("etc/motd").content()).isEqualTo("the image's");
    }

    @Test
    void theImagesDirectoriesKeepTheirModeAndWhatIsInThem() throws IOException {
        Path tree = mode(Files.createDirectory(host.resolve("tree")), "rwx------");
        Files.writeString(tree.resolve("motd"), "mine");
        Files.writeString(tree.resolve("more"), "more");

        ErofsReader reader = build(Map.of("/etc", tree));

        assertThat(reader.at("etc").mode()).isEqualTo(DIRECTORY | 0750);
        assertThat(reader.at("etc").mtime()).isEqualTo(77);
        assertThat(reader.at("etc/motd").content()).isEqualTo("mine");
        assertThat(reader.at("etc/more").content()).isEqualTo("more");
    }

    @Test
    void aPathComesAfterThoseAboveIt() throws IOException {
        Path tree = Files.createDirectory(host.resolve("tree"));
        Files.writeString(tree.resolve("name"), "of the directory");
        mode(Files.createDirectory(tree.resolve("sub")), "rwx------");
        Path sub = mode(Files.createDirectory(host.resolve("sub")), "rwxrwxrwx");

        ErofsReader reader = build(Map.of("/opt/name", file("single", "of its own"), "/opt", tree, "/opt/sub", sub));

        assertThat(reader.at("opt/name").content()).isEqualTo("of its own");
        is(reader.at("opt/sub"), DIRECTORY, 0777);
    }

    @Test
    void linksOfTheImageOnTheWayAreFollowedAndThoseAtTheEndReplaced() throws IOException {
        Path file = file("file", "mine");

        ErofsReader reader = build(Map.of("/lib/b", file, "/absolute/c/d", file, "/link-to-motd", file));

        assertThat(reader.at("usr/lib/b").content()).isEqualTo("mine");
        assertThat(reader.at("usr/lib/c/d").content()).isEqualTo("mine");
        is(reader.at("link-to-motd"), REGULAR, 0640);
        assertThat(reader.at("etc/motd").content()).isEqualTo("the image's");
        assertThat(reader.at("lib").content()).isEqualTo("usr/lib");
    }

    @Test
    void noFilesAreNoLayer() throws IOException {
        ExtraFiles none = ExtraFiles.read(Map.of());
        assertThat(none.isEmpty()).isTrue();
        assertThat(none.digest()).isEmpty();
        build(Map.of());
        byte[] with = Files.readAllBytes(target);
        RootfsBuilder.build(List.of(image()), target, RootfsLimits.defaults());
        assertThat(target).hasBinaryContent(with);
    }

    @Test
    void theDigestFollowsFromContentPermissionsAndTargetsAlone() throws IOException {
        Path file = file("file", "content");
        Path link = Files.createSymbolicLink(host.resolve("link"), Path.of("a"));
        Path tree = Files.createDirectory(host.resolve("tree"));
        Files.writeString(tree.resolve("b"), "b");
        Map<String, Path> files = new LinkedHashMap<>();
        files.put("/f", file);
        files.put("/l", link);
        files.put("/t", tree);
        String digest = ExtraFiles.read(files).digest();
        assertThat(digest).matches("sha256:[0-9a-f]{64}");

        Files.setLastModifiedTime(file, FileTime.fromMillis(1));
        Files.setLastModifiedTime(tree, FileTime.fromMillis(1));
        Map<String, Path> backwards = new LinkedHashMap<>();
        List.of("/t", "/l", "/f").forEach(path -> backwards.put(path, files.get(path)));
        Path copy = Files.copy(file, scratch.resolve("elsewhere"));
        mode(copy, "rw-r-----");
        backwards.put("/f", copy);
        assertThat(ExtraFiles.read(backwards).digest()).isEqualTo(digest);

        Set<String> digests = new HashSet<>(Set.of(digest));
        Files.writeString(file, "Content");
        digests.add(ExtraFiles.read(files).digest());
        Files.writeString(file, "content");
        assertThat(ExtraFiles.read(files).digest()).isEqualTo(digest);
        mode(file, "rw-------");
        digests.add(ExtraFiles.read(files).digest());
        mode(file, "rw-r-----");
        mode(tree, "rwx-----x");
        digests.add(ExtraFiles.read(files).digest());
        Files.createFile(tree.resolve("empty"));
        digests.add(ExtraFiles.read(files).digest());
        Files.delete(link);
        Files.createSymbolicLink(link, Path.of("b"));
        digests.add(ExtraFiles.read(files).digest());
        Map<String, Path> elsewhere = new HashMap<>(files);
        elsewhere.remove("/f");
        elsewhere.put("/g", file);
        digests.add(ExtraFiles.read(elsewhere).digest());
        assertThat(digests).hasSize(7);
    }

    @Test
    void whatChangesAfterItWasReadIsNeverUsed() throws IOException {
        Path file = file("file", "first");
        ExtraFiles files = ExtraFiles.read(Map.of("/f", file));
        Files.writeString(file, "other");

        assertThatThrownBy(() -> RootfsBuilder.build(List.of(image()), files, target, RootfsLimits.defaults()))
                .isInstanceOf(ImageException.class)
                .hasMessageStartingWith(
                        "The extra files [" + file + "] changed while they were baked: what was read first"
                                + " has the digest " + files.digest() + ", what is there now sha256:")
                .hasMessageEndingWith("Nothing was made of them. Bake again when nobody writes to them.");
        assertThat(scratch).isDirectoryNotContaining(path -> !path.equals(host));
    }

    @Test
    void theSameFilesMakeTheSameImage() throws IOException {
        Map<String, Path> files = Map.of("/f", file("file", "content"));
        build(files);
        byte[] first = Files.readAllBytes(target);
        build(files);
        assertThat(target).hasBinaryContent(first);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/etc | there is a directory in the image, and all that is in it would be gone. Choose a path in that directory.",
                "/etc/motd/x | \"/etc/motd\" is not a directory in the image, so nothing can lie in it. Choose another path in the machine.",
                "/out/x | a symbolic link of the image on its path leads out of the image's root. Choose a path without that link.",
                "/usr/out/x | a symbolic link of the image on its path leads out of the image's root. Choose a path without that link.",
                "/circle/x | more than 255 symbolic links stand in its path; they probably go round in a circle.",
                "/dev/x | the machine mounts its own /dev over the image's, so nobody would see it. Choose another path in the machine.",
                "/proc | the machine mounts its own /proc over the image's, so nobody would see it. Choose another path in the machine.",
                "/etc/hosts | each machine writes its own /etc/hosts, so nobody would see it. Leave it away; write the file in the machine if a test needs another.",
                "/usr/.wh.lib | a name that begins with .wh. means in a layer that something is removed. Give it another name."
            })
    void aPlaceThatAFileCannotHaveIsRefused(String guest, String why) throws IOException {
        Path file = file("file", "mine");
        assertThatThrownBy(() -> build(Map.of(guest, file)))
                .isInstanceOf(ImageException.class)
                .hasMessage("The extra file " + file + " cannot be put at " + guest + " in the machine: " + why);
        assertThat(target).doesNotExist();
    }

    @Test
    void aPartOfADirectoryIsNamedWithItsOwnPaths() throws IOException {
        Path tree = Files.createDirectory(host.resolve("tree"));
        Path part = Files.writeString(tree.resolve("lib"), "a file over a directory");
        assertThatThrownBy(() -> build(Map.of("/usr", tree)))
                .isInstanceOf(ImageException.class)
                .hasMessageStartingWith("The extra file " + part + " cannot be put at /usr/lib in the machine: there is"
                        + " a directory in the image");
    }

    @ParameterizedTest
    @CsvSource({
        "/lib, the image's symbolic link to \"usr/lib\". Choose the path that the link leads to.",
        "/etc/motd, what is there in the image and is none. Choose another path in the machine."
    })
    void aDirectoryTakesThePlaceOfNothingElse(String guest, String why) throws IOException {
        Path tree = Files.createDirectory(host.resolve("tree"));
        assertThatThrownBy(() -> build(Map.of(guest, tree)))
                .isInstanceOf(ImageException.class)
                .hasMessage("The extra file " + tree + " cannot be put at " + guest
                        + " in the machine: a directory cannot take the place of " + why);
    }

    @Test
    void whatIsNotThereIsNamedWithTheWorkingDirectory() {
        Path missing = host.resolve("missing");
        assertThatThrownBy(() -> ExtraFiles.read(Map.of("/f", missing)))
                .isInstanceOf(ImageException.class)
                .hasMessage("The extra file " + missing
                        + " cannot be put at /f in the machine: there is no such file. Check the path that was given for the"
                        + " host; a relative one begins at the JVM's working directory, here "
                        + Path.of("").toAbsolutePath() + ".");
    }

    @Test
    void whatIsNoFileIsRefusedWithItsKind() throws IOException {
        Path socket = host.resolve("socket");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
        }
        assertThatThrownBy(() -> ExtraFiles.read(Map.of("/t", host)))
                .isInstanceOf(ImageException.class)
                .hasMessage("The extra file " + socket + " cannot be put at /t/socket in the machine: it is a socket,"
                        + " and only files, directories and symbolic links can be. Leave it out.");
        assertThatThrownBy(() -> ExtraFiles.read(Map.of("/t", Path.of("/dev/null"))))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("it is a device,");
    }

    @Test
    void whatCannotBeReadIsNamed() {
        // A file like any other, but not even root can read where nothing is mapped.
        assertThatThrownBy(() -> ExtraFiles.read(Map.of("/f", Path.of("/proc/self/mem"))))
                .isInstanceOf(ImageException.class)
                .hasMessage("The extra file /proc/self/mem cannot be put at /f in the machine: it cannot be read:"
                        + " Input/output error. Give the user of this JVM the permission to read it, or leave it out.");
    }

    @Test
    void aFileWithMoreThanItSaysIsRefused() {
        // Files of /proc say that they are empty.
        assertThatThrownBy(() -> ExtraFiles.read(Map.of("/f", Path.of("/proc/self/status"))))
                .isInstanceOf(ImageException.class)
                .hasMessage(
                        "The extra file /proc/self/status cannot be put at /f in the machine: it became longer than the"
                                + " 0 bytes it had while it was read. Bake again when nobody writes to it.");
    }

    @Test
    void theLimitsHoldForLayersAndFilesTogether() throws IOException {
        Path file = file("file", "x".repeat(5000));
        RootfsLimits limits = new RootfsLimits(6000, 100);
        ExtraFiles files = ExtraFiles.read(Map.of("/f", file));
        assertThatThrownBy(() -> RootfsBuilder.build(List.of(TestLayer.of()), files, target, limits))
                .isInstanceOf(ImageException.class)
                .hasMessageStartingWith("The extra file " + file + " cannot be put at /f in the machine: ")
                .hasMessageContaining("supermachine.image.max.bytes");
        RootfsBuilder.build(List.of(TestLayer.of()), files, target, new RootfsLimits(9000, 100));
        assertThat(new ErofsReader(target).at("f").size()).isEqualTo(5000);
    }
}
