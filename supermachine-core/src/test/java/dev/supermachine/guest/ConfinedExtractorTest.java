package dev.supermachine.guest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.MachineException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Archives as a hostile guest would send them. */
class ConfinedExtractorTest {

    @TempDir
    Path directory;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes);
    private Path target;
    private Path outside;

    @BeforeEach
    void directories() throws IOException {
        target = Files.createDirectory(directory.resolve("target"));
        outside = Files.createDirectory(directory.resolve("outside"));
        Files.writeString(outside.resolve("secret"), "untouched");
    }

    @Test
    void namesThatLeadOutAreRefused() throws IOException {
        file("a/../../outside/secret", "stolen");
        assertRefused("a/../../outside/secret", "its name leads out of the directory");
    }

    @Test
    void aRefusedNameCannotSteerATerminal() throws IOException {
        file("a\u001b[2J/../../x", "stolen");
        assertRefused("a?[2J/../../x", "its name leads out of the directory");
    }

    @Test
    void namesFromTheRootAreRefused() throws IOException {
        file(outside.resolve("secret").toString(), "stolen");
        assertRefused(outside.resolve("secret").toString(), "its name begins at the root");
    }

    @Test
    void aLinkOfTheArchiveLeadsNowhere() throws IOException {
        link("door", outside.toString(), TarConstants.LF_SYMLINK);
        file("door/secret", "stolen");
        assertRefused("door/secret", "it leads through door, which is a link or a file");
        assertThat(target.resolve("door")).isSymbolicLink();
    }

    @Test
    void aLinkIsReplacedAndNotWrittenThrough() throws IOException {
        link("door", outside.resolve("secret").toString(), TarConstants.LF_SYMLINK);
        file("door", "new");
        extract();
        assertThat(target.resolve("door")).isRegularFile().hasContent("new");
        assertThat(outside.resolve("secret")).hasContent("untouched");
    }

    @Test
    void aLinkWhereADirectoryBelongsIsReplaced() throws IOException {
        link("door", outside.toString(), TarConstants.LF_SYMLINK);
        entry("door/", TarConstants.LF_DIR, entry -> entry.setMode(0777), "");
        extract();
        assertThat(Files.isSymbolicLink(target.resolve("door"))).isFalse();
        assertThat(target.resolve("door")).isDirectory();
    }

    @Test
    void hardLinksToTheOutsideAreRefused() throws IOException {
        link("mine", "../outside/secret", TarConstants.LF_LINK);
        assertRefused("../outside/secret", "its name leads out of the directory");
    }

    @Test
    void hardLinksThroughLinksAreRefused() throws IOException {
        link("door", outside.toString(), TarConstants.LF_SYMLINK);
        link("mine", "door/secret", TarConstants.LF_LINK);
        assertRefused("door/secret", "it leads through door, which is a link or a file");
    }

    @Test
    void hardLinksToLinksAreRefused() throws IOException {
        link("door", outside.resolve("secret").toString(), TarConstants.LF_SYMLINK);
        link("mine", "door", TarConstants.LF_LINK);
        assertRefused("mine", "it is a further name of door, which is no file here");
    }

    @Test
    void aFileDoesNotReplaceADirectory() throws IOException {
        file("d/f", "x");
        file("d", "y");
        assertRefused(
                "d", "a directory of that name is at " + target.toRealPath().resolve("d") + " already");
    }

    @Test
    void specialFilesAreLeftOut() throws IOException {
        entry("pipe", TarConstants.LF_FIFO, entry -> {}, "");
        file("f", "x");
        assertThat(extract()).isEqualTo(1);
        assertThat(target.resolve("pipe")).doesNotExist();
    }

    @Test
    void archivesThatAreNoneAreRefused() throws IOException {
        file("f", "x".repeat(600));
        tar.finish();
        byte[] whole = bytes.toByteArray();

        assertThatThrownBy(() -> extract(whole, 1000))
                .isInstanceOf(MachineException.class)
                .hasMessage("The tar, entry \"f\": with its 600 bytes the tar goes beyond the limit of 1000 bytes."
                        + " Raise the limit if so much is meant to come.");
        assertThatThrownBy(() -> extract(java.util.Arrays.copyOf(whole, 800), 1_000_000))
                .isInstanceOf(MachineException.class)
                .hasMessage("The tar: the archive ends after byte 800 in the middle of an entry. It was cut short; try"
                        + " again.");
        assertThatThrownBy(() -> extract("no tar ".repeat(100).getBytes(UTF_8), 1_000_000))
                .isInstanceOf(MachineException.class)
                .hasMessageEndingWith("The tar is damaged or not a tar archive.");
    }

    private long extract() throws IOException {
        tar.finish();
        return extract(bytes.toByteArray(), 1_000_000);
    }

    private long extract(byte[] archive, long maxBytes) throws IOException {
        return new ConfinedExtractor(target, "The tar").extract(new ByteArrayInputStream(archive), maxBytes);
    }

    private void assertRefused(String name, String why) throws IOException {
        assertThatThrownBy(this::extract)
                .isInstanceOf(MachineException.class)
                .hasMessage("The tar: the entry \"" + name + "\" was refused, because " + why
                        + ". Nothing was written for it");
        assertThat(outside.resolve("secret")).hasContent("untouched");
        try (var left = Files.list(outside)) {
            assertThat(left).hasSize(1);
        }
    }

    private void file(String name, String content) throws IOException {
        entry(name, TarConstants.LF_NORMAL, entry -> {}, content);
    }

    private void link(String name, String to, byte type) throws IOException {
        entry(name, type, entry -> entry.setLinkName(to), "");
    }

    private void entry(String name, byte type, Consumer<TarArchiveEntry> change, String content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name, type, true);
        change.accept(entry);
        byte[] data = content.getBytes(UTF_8);
        entry.setSize(data.length);
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        tar.putArchiveEntry(entry);
        tar.write(data);
        tar.closeArchiveEntry();
    }
}
