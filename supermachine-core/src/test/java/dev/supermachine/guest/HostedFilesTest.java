package dev.supermachine.guest;

import static dev.supermachine.guest.HostedAgent.WAIT;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.MachineException;
import dev.supermachine.tar.TarWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Files and directories through the real agent, as a process of this host. */
@Timeout(120)
class HostedFilesTest extends WithHostedAgent {

    private static final int TEN_MIB = 10 * 1024 * 1024;
    private static final FileOwner ME = owner();

    @Test
    void readsAndWritesFiles() throws IOException {
        byte[] content = random(TEN_MIB + 17);
        String path = directory.resolve("new/deep/file").toString();

        client.writeFile(path, content, 0640, FileOwner.KEEP);

        assertThat(Files.readAllBytes(Path.of(path))).isEqualTo(content);
        assertThat(client.readFile(path, content.length)).isEqualTo(content);
        FileStat stat = client.stat(path).orElseThrow();
        assertThat(stat.isRegularFile()).isTrue();
        assertThat(stat.permissions()).isEqualTo(0640);
        assertThat(stat.size()).isEqualTo(content.length);
        assertThat(stat.modified())
                .isEqualTo(Files.getLastModifiedTime(Path.of(path)).toInstant());
        client.writeFile(path, new byte[0], 0600, FileOwner.KEEP);
        assertThat(client.readFile(path, 0)).isEmpty();
    }

    @Test
    void saysWhichFileIsMissingOrTooLarge() throws IOException {
        String missing = directory.resolve("missing").toString();
        assertThat(client.stat(missing)).isEmpty();
        assertThatThrownBy(() -> client.readFile(missing, 10))
                .isInstanceOf(MachineException.class)
                .hasMessage("Machine 'hosted': cannot read " + missing + ": there is no such file in the guest");
        String big = bigFile().toString();
        assertThatThrownBy(() -> client.readFile(big, 1000))
                .hasMessage("Machine 'hosted': cannot read " + big
                        + ": it is larger than the limit of 1000 bytes. Raise the" + " limit, or read it as a stream");
        assertThatThrownBy(() -> client.readFile(directory.toString(), 1000))
                .hasMessageStartingWith("Machine 'hosted': cannot read " + directory + ": ")
                .hasMessageEndingWith("(errno 21)");
    }

    @Test
    void statSeesLinksAndDirectories() throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("to/nowhere"));
        FileStat stat = client.stat(link.toString()).orElseThrow();
        assertThat(stat.isSymbolicLink()).isTrue();
        assertThat(stat.linkTarget()).isEqualTo("to/nowhere");
        assertThat(client.stat("/proc").orElseThrow().isDirectory()).isTrue();
        assertThat(client.readFile("/proc/self/comm", 100)).isNotEmpty();
    }

    @Test
    void aDirectoryComesBackAsItWent() throws IOException {
        Path source = tree();
        Path inGuest = directory.resolve("in guest/deeper");
        Path back = directory.resolve("back");

        long sent = DirectoryCopy.intoGuest(source, client, inGuest.toString(), ME);
        long received = DirectoryCopy.outOfGuest(client, inGuest.toString(), back, Long.MAX_VALUE);

        assertThat(listing(inGuest)).isEqualTo(listing(source)).hasSize(8);
        assertThat(listing(back)).isEqualTo(listing(source));
        assertThat(sent).isEqualTo(8);
        assertThat(received).isEqualTo(8);
        assertThat(DirectoryCopy.outOfGuest(client, inGuest.toString(), back, Long.MAX_VALUE))
                .as("over what is there")
                .isEqualTo(8);
        assertThat(listing(back)).isEqualTo(listing(source));
    }

    @Test
    void oneFileComesOutByItsName() throws IOException {
        Path source = Files.writeString(directory.resolve("only"), "this");
        Path back = directory.resolve("back");

        assertThat(DirectoryCopy.outOfGuest(client, source.toString(), back, 1_000_000))
                .isEqualTo(1);

        assertThat(back.resolve("only")).hasContent("this");
    }

    @Test
    void hardLinksComeOutWithTheSameContent() throws IOException {
        Path source = Files.createDirectory(directory.resolve("linked"));
        Files.writeString(source.resolve("a"), "shared");
        Files.createLink(source.resolve("b"), source.resolve("a"));
        Path back = directory.resolve("back");

        DirectoryCopy.outOfGuest(client, source.toString(), back, 1_000_000);

        assertThat(back.resolve("a")).hasContent("shared");
        assertThat(back.resolve("b")).hasContent("shared");
    }

    @Test
    void tarsPassAsBytesToo() throws IOException {
        ByteArrayOutputStream tar = new ByteArrayOutputStream();
        TarWriter writer = new TarWriter(tar);
        byte[] content = "hello".getBytes(UTF_8);
        writer.file(
                new TarWriter.Meta("x/y", 0644, ME.uid(), ME.gid(), Instant.EPOCH),
                content.length,
                new ByteArrayInputStream(content));
        writer.end();
        Path target = directory.resolve("tar");

        assertThat(client.tarIn(target.toString(), new ByteArrayInputStream(tar.toByteArray())))
                .isPositive();

        assertThat(target.resolve("x/y")).hasContent("hello");
        try (InputStream out = client.tarOut(target.toString())) {
            assertThat(out.readAllBytes().length % 512).isZero();
        }
    }

    @Test
    void aTarThatIsBrokenIsRefusedByTheAgent() {
        String target = directory.resolve("target").toString();
        assertThatThrownBy(() -> client.tarIn(target, new ByteArrayInputStream(random(100_000))))
                .isInstanceOf(MachineException.class)
                .hasMessageStartingWith("Machine 'hosted': cannot copy into " + target + " of the guest: ");
        client.ping(WAIT);
    }

    @Test
    void aMissingDirectoryIsSaid() {
        String missing = directory.resolve("missing").toString();
        assertThatThrownBy(() -> DirectoryCopy.outOfGuest(client, missing, directory.resolve("back"), 1000))
                .isInstanceOf(MachineException.class)
                .hasMessage("Machine 'hosted': cannot copy " + missing
                        + " out of the guest: there is no such file in the guest");
    }

    @Test
    void aLimitHoldsForWhatComesOut() throws IOException {
        String big = bigFile().toString();
        assertThatThrownBy(() -> DirectoryCopy.outOfGuest(client, big, directory.resolve("back"), 100_000))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("The tar of " + big + " out of the guest")
                .hasMessageContaining("limit");
        client.ping(WAIT);
    }

    @Test
    void closingAFileEarlyLetsGoOfIt() throws IOException {
        try (InputStream file = client.openFile(bigFile().toString())) {
            assertThat(file.readNBytes(10)).hasSize(10);
        }
        client.freeze(WAIT);
    }

    private Path tree() throws IOException {
        Path source = Files.createDirectories(directory.resolve("source"));
        Path deep = Files.createDirectories(source.resolve("d".repeat(80)).resolve("é".repeat(60)));
        Files.write(deep.resolve("big"), random(1_000_001));
        Files.writeString(source.resolve("empty"), "");
        Files.writeString(source.resolve("script"), "#!/bin/sh\n");
        Files.setPosixFilePermissions(source.resolve("script"), PosixMode.permissions(0750));
        Files.setLastModifiedTime(
                source.resolve("script"), FileTime.from(Instant.ofEpochSecond(1_000_000_000L, 123_456_789)));
        Files.createSymbolicLink(source.resolve("link"), Path.of("x".repeat(120)));
        Path readOnly = Files.createDirectory(source.resolve("read-only"));
        Files.writeString(readOnly.resolve("f"), "f");
        Files.setPosixFilePermissions(readOnly, PosixMode.permissions(0500));
        return source;
    }

    /** Every path with what a copy has to keep. */
    private static Map<String, String> listing(Path top) throws IOException {
        Map<String, String> listing = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(top)) {
            for (Path path : paths.filter(path -> !path.equals(top)).toList()) {
                listing.put(top.relativize(path).toString(), describe(path));
            }
        }
        return listing;
    }

    private static String describe(Path path) throws IOException {
        if (Files.isSymbolicLink(path)) {
            return "link to " + Files.readSymbolicLink(path);
        }
        String content = Files.isDirectory(path)
                ? "directory"
                : "file " + Files.size(path) + " " + java.util.Arrays.hashCode(Files.readAllBytes(path));
        return content + " " + Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS) + " "
                + Files.getLastModifiedTime(path);
    }

    private Path bigFile() throws IOException {
        return Files.write(directory.resolve("big"), random(TEN_MIB));
    }

    private static byte[] random(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    private static FileOwner owner() {
        try {
            Path own = Path.of("/proc/self");
            return new FileOwner((int) Files.getAttribute(own, "unix:uid"), (int) Files.getAttribute(own, "unix:gid"));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
