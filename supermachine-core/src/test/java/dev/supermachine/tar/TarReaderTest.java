package dev.supermachine.tar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TarReaderTest {

    private static final TestErrors ERRORS = new TestErrors("Layer sha256:feed");

    private static TarReader reader(byte[] tar) {
        return new TarReader(new ByteArrayInputStream(tar), ERRORS, 1L << 40);
    }

    private static List<TarEntry> entries(byte[] tar) {
        List<TarEntry> entries = new ArrayList<>();
        TarReader reader = reader(tar);
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
            entries.add(entry);
        }
        return entries;
    }

    private static TarEntry only(TarSpec spec) {
        List<TarEntry> entries = entries(TarSpec.archive(spec));
        assertThat(entries).hasSize(1);
        return entries.get(0);
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    @Test
    void readsPlainEntry() {
        TarEntry entry = only(
                TarSpec.file("etc/passwd", "root").mode(04755).owner(12, 34).mtime(1_600_000_000));

        assertThat(entry)
                .isEqualTo(new TarEntry(
                        "etc/passwd", EntryType.FILE, "", 04755, 12, 34, 4, 1_600_000_000, 0, 0, 0, List.of()));
    }

    @Test
    void readsContentAndSkipsTheRest() {
        TarReader reader = reader(TarSpec.archive(TarSpec.file("a", "x".repeat(700)), TarSpec.file("b", "tail")));
        byte[] buffer = new byte[100];

        reader.next();
        assertThat(reader.read(buffer, 0, 100)).isEqualTo(100);
        TarEntry second = reader.next();
        assertThat(second).isNotNull().extracting(TarEntry::name).isEqualTo("b");
        assertThat(reader.read(buffer, 0, 100)).isEqualTo(4);
        assertThat(reader.read(buffer, 0, 100)).isEqualTo(-1);
        assertThat(new String(buffer, 0, 4, StandardCharsets.ISO_8859_1)).isEqualTo("tail");
        assertThat(reader.next()).isNull();
        assertThat(reader.next()).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "0, FILE",
        "7, FILE",
        "1, HARD_LINK",
        "2, SYMLINK",
        "3, CHARACTER_DEVICE",
        "4, BLOCK_DEVICE",
        "5, DIRECTORY",
        "6, FIFO"
    })
    void knowsTypes(char flag, EntryType type) {
        assertThat(only(TarSpec.of(flag, "x").link("y")).type()).isEqualTo(type);
    }

    @Test
    void tellsDirectoriesOfOldArchivesByTheirName() {
        assertThat(only(TarSpec.of('\0', "x/")).type()).isEqualTo(EntryType.DIRECTORY);
        assertThat(only(TarSpec.of('\0', "x")).type()).isEqualTo(EntryType.FILE);
    }

    @Test
    void readsDeviceNumbers() {
        TarEntry entry = only(TarSpec.device('3', "dev/null", 1, 300));

        assertThat(entry.deviceMajor()).isEqualTo(1);
        assertThat(entry.deviceMinor()).isEqualTo(300);
    }

    @Test
    void joinsUstarPrefixAndName() {
        byte[] tar = TarSpec.archive(TarSpec.file("name", ""));
        System.arraycopy("some/prefix".getBytes(StandardCharsets.US_ASCII), 0, tar, 345, 11);
        System.arraycopy(TarSpec.withChecksum(Arrays.copyOf(tar, 512)), 0, tar, 0, 512);

        assertThat(entries(tar)).extracting(TarEntry::name).containsExactly("some/prefix/name");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void readsLongNamesAndLinks(boolean gnu) {
        String name = "d/".repeat(150) + "\u00ff";
        TarSpec spec = TarSpec.symlink(name, "t/".repeat(200));

        TarEntry entry = only(gnu ? spec.gnu() : spec);

        assertThat(entry.name()).isEqualTo(name);
        assertThat(entry.linkName()).isEqualTo("t/".repeat(200));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void readsLargeOwners(boolean gnu) {
        TarSpec spec = TarSpec.file("a", "").owner(4_294_967_294L, 3_000_000);

        TarEntry entry = only(gnu ? spec.gnu() : spec);

        assertThat(Integer.toUnsignedLong(entry.uid())).isEqualTo(4_294_967_294L);
        assertThat(entry.gid()).isEqualTo(3_000_000);
    }

    @Test
    void readsNegativeBase256Time() {
        assertThat(only(TarSpec.file("a", "").gnu().mtime(-5)).mtimeSeconds()).isEqualTo(-5);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 0",
        "1.5, 1, 500000000",
        "1700000000.123456789, 1700000000, 123456789",
        "1.1234567899, 1, 123456789",
        "-1.25, -2, 750000000",
        "-3, -3, 0",
        "0., 0, 0"
    })
    void readsPaxTimes(String text, long seconds, int nanos) {
        TarEntry entry = only(TarSpec.file("a", "").mtime(99).pax("mtime", text));

        assertThat(entry.mtimeSeconds()).isEqualTo(seconds);
        assertThat(entry.mtimeNanos()).isEqualTo(nanos);
    }

    @Test
    void keepsAttributeValuesAsBytes() {
        TarEntry entry =
                only(TarSpec.file("a", "").xattr("user.b", "\0\n=\u00ff").xattr("user.a", "1"));

        assertThat(entry.xattrs()).containsExactly(new Xattr("user.a", "1"), new Xattr("user.b", "\0\n=\u00ff"));
    }

    @Test
    void appliesGlobalHeadersUntilOverridden() {
        byte[] global = TarSpec.of('g', "pax_global_header")
                .content(TarSpec.paxData(Map.of("uid", "7", "comment", "c")))
                .bytes();

        List<TarEntry> entries = entries(join(
                global,
                TarSpec.file("a", "").bytes(),
                TarSpec.file("b", "").pax("uid", "8").bytes(),
                TarSpec.file("c", "").owner(9, 0).pax("uid", "").bytes(),
                new byte[1024]));

        assertThat(entries).extracting(TarEntry::uid).containsExactly(7, 8, 9);
    }

    @Test
    void takesTheSizeFromPaxRecords() {
        // The header says 0; the record is right.
        byte[] tar = join(
                TarSpec.file("a", "").pax("size", "5").bytes(),
                TarSpec.padded("hello".getBytes(StandardCharsets.US_ASCII)),
                TarSpec.file("b", "").bytes());

        assertThat(entries(tar)).extracting(TarEntry::size).containsExactly(5L, 0L);
    }

    @Test
    void endsWithoutTrailerBetweenEntries() {
        assertThat(entries(TarSpec.file("a", "1").bytes())).hasSize(1);
        assertThat(entries(new byte[0])).isEmpty();
        assertThat(entries(join(TarSpec.file("a", "1").bytes(), new byte[512]))).hasSize(1);
    }

    @Test
    void refusesSparseFiles() {
        String message = "Layer sha256:feed, entry \"hole\": is a sparse file, which is not supported. Build the layer"
                + " without sparse files (GNU tar: without --sparse).";

        assertThatThrownBy(() -> only(TarSpec.of('S', "hole").gnu()))
                .isInstanceOf(ImageException.class)
                .hasMessage(message);
        assertThatThrownBy(() -> only(TarSpec.file("hole", "").pax("GNU.sparse.major", "1")))
                .isInstanceOf(ImageException.class)
                .hasMessage(message);
    }

    @Test
    void refusesWrongChecksum() {
        byte[] tar = TarSpec.archive(TarSpec.file("etc/motd", "hi"));
        tar[0] ^= 1;

        assertThatThrownBy(() -> entries(tar))
                .isInstanceOf(ImageException.class)
                .hasMessageMatching("Layer sha256:feed, entry \"dtc/motd\": its header has a wrong checksum \\(expected"
                        + " \\d+, found \\d+\\)\\. The layer is damaged or not a tar archive\\.");
    }

    @Test
    void refusesArchiveCutInContentHeaderOrPadding() {
        byte[] tar = TarSpec.archive(TarSpec.file("a", "x".repeat(600)));
        for (int length : new int[] {100, 511, 513, 600, 1111, 1112, 1535}) {
            assertThatThrownBy(() -> entries(Arrays.copyOf(tar, length)))
                    .as("cut at %d", length)
                    .isInstanceOf(ImageException.class)
                    .hasMessageMatching(
                            "Layer sha256:feed: the archive ends after byte \\d+ in the middle of an entry\\."
                                    + " It was cut short; pull the image again\\.");
        }
    }

    @Test
    void noticesTheCutWhenSkippingSeeksBeyondTheEnd() {
        byte[] tar = Arrays.copyOf(TarSpec.archive(TarSpec.file("a", "x".repeat(600))), 600);
        // As a file does: a seek beyond the end succeeds.
        InputStream seeking = new ByteArrayInputStream(tar) {
            @Override
            public synchronized long skip(long n) {
                super.skip(n);
                return n;
            }
        };
        TarReader reader = new TarReader(seeking, ERRORS, 1 << 20);
        reader.next();

        assertThatThrownBy(reader::next).isInstanceOf(ImageException.class).hasMessageContaining("It was cut short");
    }

    @Test
    void refusesHeaderWithoutEntry() {
        byte[] tar = TarSpec.file("a", "").pax("comment", "x").bytes();

        assertThatThrownBy(() -> entries(Arrays.copyOf(tar, 1024)))
                .isInstanceOf(ImageException.class)
                .hasMessage(
                        "Layer sha256:feed: the archive ends after an extended header, where the entry it belongs to"
                                + " should follow.");
    }

    @Test
    void refusesZerosBetweenEntries() {
        byte[] tar = join(
                TarSpec.file("a", "").bytes(),
                new byte[512],
                TarSpec.file("b", "").bytes());

        assertThatThrownBy(() -> entries(tar))
                .isInstanceOf(ImageException.class)
                .hasMessage(
                        "Layer sha256:feed: a single block of zeros stands at byte 512 between entries. The archive is"
                                + " damaged.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "5 a", "9 a=b\n", "-5 a=b\n", "6 =bc\n", "99999999999999999999 a=b\n", "1 \n", "3 \n"})
    void refusesBrokenPaxRecords(String records) {
        byte[] tar = join(
                TarSpec.of('x', "x")
                        .content(records.getBytes(StandardCharsets.US_ASCII))
                        .bytes(),
                TarSpec.file("a", "").bytes());

        assertThatThrownBy(() -> entries(tar))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("Layer sha256:feed: a pax record ");
    }

    @ParameterizedTest
    @ValueSource(chars = {'x', 'g', 'L', 'K'})
    void refusesExtensionsTooLargeBeforeReadingThem(char flag) {
        byte[] header = TarSpec.of(flag, "x")
                .content(new byte[TarReader.MAX_EXTENSION + 1])
                .bytes();

        assertThatThrownBy(() -> entries(Arrays.copyOf(header, 512)))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("is 1048577 bytes long; at most 1048576 are read.");
    }

    @Test
    void refusesNumbersOutOfRange() {
        assertThatThrownBy(() -> only(TarSpec.file("a", "").pax("uid", "4294967296")))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed, entry \"a\": its uid is not a number in range.");
        assertThatThrownBy(() -> only(TarSpec.file("a", "").gnu().owner(0, -1)))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed, entry \"a\": its gid is not a number in range.");
        assertThatThrownBy(() -> only(TarSpec.file("a", "").pax("mtime", "1e3")))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed, entry \"a\": its mtime is not a number in range.");
        assertThatThrownBy(() -> only(TarSpec.device('4', "a", 4096, 0)))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed, entry \"a\": its device major number is not a number in range.");
    }

    @Test
    void refusesUnknownTypes() {
        assertThatThrownBy(() -> only(TarSpec.of('V', "vol\"ume\n")))
                .isInstanceOf(ImageException.class)
                .hasMessage(
                        "Layer sha256:feed, entry \"vol\\x22ume\\x0a\": has the type 0x56; files, directories, links,"
                                + " devices and fifos are known.");
    }

    @Test
    void refusesNamesNoFileSystemTakes() {
        assertThatThrownBy(() -> only(TarSpec.file("a/".repeat(3000), "")))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("its name is 6000 bytes long; at most 4096 are possible.");
        assertThatThrownBy(() -> only(TarSpec.file("a", "").pax("path", "a\0b")))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed, entry \"a\\x00b\": its name contains a zero byte.");
        assertThatThrownBy(() -> only(TarSpec.symlink("a", "")))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed, entry \"a\": is a link, but says to nothing.");
    }

    @Test
    void refusesAttributesTooLong() {
        assertThatThrownBy(() -> only(TarSpec.file("a", "").xattr("user.x", "v".repeat(65536))))
                .isInstanceOf(ImageException.class)
                .hasMessage(
                        "Layer sha256:feed, entry \"a\": the extended attribute \"user.x\" has a name of 6 and a value"
                                + " of 65536 bytes; at most 255 and 65535 are possible.");
    }

    @Test
    void refusesMoreBytesThanTheLimit() {
        byte[] tar = TarSpec.archive(TarSpec.file("a", "x".repeat(600)));
        TarReader reader = new TarReader(new ByteArrayInputStream(tar), ERRORS, 1000);

        assertThatThrownBy(reader::next)
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed, entry \"a\": with its 600 bytes the layer goes beyond the limit of 1000"
                        + " bytes. Raise the limit if so much is meant to come.");
    }

    @Test
    void namesTheLayerWhenTheStreamFails() {
        InputStream failing = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("disk on fire");
            }

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                throw new IOException("disk on fire");
            }
        };

        assertThatThrownBy(() -> new TarReader(failing, ERRORS, 1000).next())
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed: cannot be read: disk on fire")
                .hasCauseInstanceOf(IOException.class);
    }

    @Test
    void passesOnWhatItDoesNotKnow() {
        byte[] tar = TarSpec.archive(
                TarSpec.of('V', "volume"),
                TarSpec.of('S', "hole").content(new byte[700]),
                TarSpec.file("GNUSparseFile.0/hole", "map").pax("GNU.sparse.major", "1"),
                TarSpec.file("after", "x"));
        TarReader reader = TarReader.withUnknown(new ByteArrayInputStream(tar), ERRORS, 1L << 40);
        List<TarEntry> entries = new ArrayList<>();
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
            entries.add(entry);
        }

        assertThat(entries)
                .extracting(TarEntry::name)
                .containsExactly("volume", "hole", "GNUSparseFile.0/hole", "after");
        assertThat(entries)
                .extracting(TarEntry::type)
                .containsExactly(EntryType.OTHER, EntryType.OTHER, EntryType.OTHER, EntryType.FILE);
    }

    @Test
    void saysWhereContentsBegin() {
        byte[] tar = TarSpec.archive(TarSpec.file("a", "x".repeat(513)), TarSpec.file("b/".repeat(60) + "c", "here"));
        TarReader reader = reader(tar);

        reader.next();
        assertThat(reader.position()).isEqualTo(512);
        reader.next();
        assertThat(new String(tar, (int) reader.position(), 4, StandardCharsets.US_ASCII))
                .isEqualTo("here");
    }

    @Test
    void decodesNamesAsFarAsTheyAreText() {
        TarEntry entry =
                only(TarSpec.symlink("\u00c3\u00a9", "\u00ff").mtime(-1).gnu());

        assertThat(entry.nameText()).isEqualTo("\u00e9");
        assertThat(entry.linkNameText()).isEqualTo("\ufffd");
        assertThat(entry.modified()).isEqualTo(java.time.Instant.ofEpochSecond(-1));
    }

    @Test
    void acceptsSumsOfSignedBytes() {
        byte[] tar = TarSpec.archive(TarSpec.file("\u00ff", ""));
        int sum = 0;
        for (int i = 0; i < 512; i++) {
            sum += i >= 148 && i < 156 ? ' ' : tar[i];
        }
        System.arraycopy(String.format("%06o", sum).getBytes(StandardCharsets.US_ASCII), 0, tar, 148, 6);

        assertThat(entries(tar)).extracting(TarEntry::name).containsExactly("\u00ff");
    }
}
