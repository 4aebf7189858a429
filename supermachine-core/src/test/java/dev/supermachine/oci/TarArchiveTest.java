package dev.supermachine.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.tar.TarSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files inside a tar. */
class TarArchiveTest {

    @TempDir
    Path temp;

    private TarArchive open(byte[] tar) throws IOException {
        Path path = Files.write(temp.resolve("image.tar"), tar);
        return TarArchive.open(path, FileChannel.open(path), new ArchiveErrors(ImageSource.ociArchive(path)));
    }

    private static String text(TarArchive archive, String name) throws IOException {
        try (InputStream in = archive.open(name)) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void findsFilesByAnyFormOfTheirName() throws IOException {
        String deep = "deep/".repeat(40) + "file";
        try (TarArchive archive = open(TarSpec.archive(
                TarSpec.of('g', "global").content(TarSpec.paxData(Map.of("comment", "all"))),
                TarSpec.directory("./"),
                TarSpec.file("./a", "first"),
                TarSpec.file("b/../c", "x".repeat(700)),
                TarSpec.file(deep, "pax"),
                TarSpec.file(deep + "2", "gnu").gnu(),
                TarSpec.file("caf\u00c3\u00a9", "utf-8"),
                TarSpec.of('7', "last").content(new byte[] {'e', 'n', 'd'})))) {

            assertThat(text(archive, "a")).isEqualTo("first");
            assertThat(text(archive, "/a")).isEqualTo("first");
            assertThat(text(archive, "c")).isEqualTo("x".repeat(700));
            assertThat(text(archive, deep)).isEqualTo("pax");
            assertThat(text(archive, deep + "2")).isEqualTo("gnu");
            assertThat(text(archive, "caf\u00e9")).isEqualTo("utf-8");
            assertThat(text(archive, "last")).isEqualTo("end");
            assertThat(archive.contains("d")).isFalse();
            assertThatThrownBy(() -> archive.open("d"))
                    .isInstanceOf(java.io.FileNotFoundException.class)
                    .hasMessage(temp.resolve("image.tar") + ": d");
        }
    }

    @Test
    void followsLinks() throws IOException {
        try (TarArchive archive = open(TarSpec.archive(
                TarSpec.file("layers/one", "content"),
                TarSpec.symlink("layers/two", "../layers/one"),
                TarSpec.hardLink("three", "layers/two"),
                TarSpec.symlink("loop", "loop"),
                TarSpec.symlink("lost", "nowhere")))) {

            assertThat(text(archive, "layers/two")).isEqualTo("content");
            assertThat(text(archive, "three")).isEqualTo("content");
            assertThat(archive.contains("lost")).isFalse();
            assertThat(archive.contains("loop")).isFalse();
        }
    }

    @Test
    void passesOverWhatIsNoFile() throws IOException {
        try (TarArchive archive = open(TarSpec.archive(
                TarSpec.of('V', "label"),
                TarSpec.of('S', "hole").content(new byte[600]),
                TarSpec.device('3', "null", 1, 3),
                TarSpec.directory("d"),
                TarSpec.file("f", "x")))) {

            assertThat(text(archive, "f")).isEqualTo("x");
            assertThat(archive.contains("hole")).isFalse();
            assertThat(archive.contains("label")).isFalse();
        }
    }

    @Test
    void saysWhereItIsCutOffOrDamaged() {
        byte[] tar = TarSpec.archive(TarSpec.file("a", "x".repeat(600)), TarSpec.file("b", "y"));
        String subject = "Cannot pull oci-archive:" + temp.resolve("image.tar") + ": the archive cannot be read: ";
        String advice = " Check the path and how the image was written.";
        Map<Integer, String> cuts = Map.of(
                0, "it is cut off: it is empty.",
                100, "it is cut off after byte 100, in the middle of an entry.",
                700, "it is cut off: the entry at byte 512 has 600 bytes, the file only 188 more.",
                1600, "it is cut off after byte 1600, in the middle of an entry.");
        cuts.forEach((length, message) -> assertThatThrownBy(() -> open(Arrays.copyOf(tar, length)))
                .isInstanceOf(ImageException.class)
                .hasMessage(subject + message + advice));
        tar[1536] ^= 1;
        assertThatThrownBy(() -> open(tar))
                .isInstanceOf(ImageException.class)
                .hasMessage(subject + "it is damaged: the header at byte 1536 has a wrong checksum." + advice);
    }

    /** Damage by chance, mostly noticed by the checksums. */
    @Test
    void aDamagedArchiveIsAnErrorOrAnArchive() throws IOException {
        byte[] good = TestImage.tar(TestImage.of(TestImage.Form.GZIP).dockerSave("x".repeat(120) + ":1"));
        int refused = 0;
        for (int i = 0; i < 1_500; i++) {
            Random random = Seeds.random(i);
            byte[] bytes = random.nextInt(4) == 0 ? Arrays.copyOf(good, random.nextInt(good.length)) : good.clone();
            for (int flips = random.nextInt(30); flips > 0 && bytes.length > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            refused += isRefused(bytes, i) ? 1 : 0;
        }
        assertThat(refused).isBetween(100, 1_499);
    }

    /** Damage as a writer with bad intentions would do it: with a checksum that is right. */
    @Test
    void headersThatLieAreRefusedOrBelieved() throws IOException {
        byte[] good = TarSpec.archive(
                TarSpec.file("p/".repeat(80) + "manifest.json", "2"),
                TarSpec.file("long/".repeat(40) + "name", "1").gnu(),
                TarSpec.file("one", "1"),
                TarSpec.symlink("l", "d/../one"),
                TarSpec.hardLink("manifest.json", "l"));
        int refused = 0;
        for (int i = 0; i < 1_500; i++) {
            Random random = Seeds.random(i);
            byte[] bytes = good.clone();
            int block = random.nextInt(bytes.length / 512 - 2) * 512;
            bytes[block + random.nextInt(345)] = (byte) random.nextInt(256);
            System.arraycopy(TarSpec.withChecksum(Arrays.copyOfRange(bytes, block, block + 512)), 0, bytes, block, 512);
            refused += isRefused(bytes, i) ? 1 : 0;
        }
        assertThat(refused).isBetween(100, 1_400);
    }

    private boolean isRefused(byte[] tar, int seed) throws IOException {
        try (TarArchive archive = open(tar)) {
            if (archive.contains("manifest.json")) {
                assertThat(text(archive, "manifest.json").length())
                        .as("seed %d", seed)
                        .isLessThanOrEqualTo(tar.length);
            }
            return false;
        } catch (ImageException e) {
            assertThat(e)
                    .as("seed %d", seed)
                    .hasMessageStartingWith(
                            "Cannot pull oci-archive:" + temp.resolve("image.tar") + ": the archive cannot be read");
            return true;
        }
    }
}
