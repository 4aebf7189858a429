package dev.supermachine.tar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoField;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TarReaderTest {

    static final TestErrors ERRORS = new TestErrors("Layer sha256:feed");

    private static TarReader reader(byte[] tar) {
        return new TarReader(new ByteArrayInputStream(tar), ERRORS, 1L << 40);
    }

    static List<TarEntry> entries(byte[] tar) {
        List<TarEntry> entries = new ArrayList<>();
        TarReader reader = reader(tar);
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
            entries.add(entry);
        }
        return entries;
    }

    static TarEntry only(TarSpec spec) {
        List<TarEntry> entries = entries(TarSpec.archive(spec));
        assertThat(entries).hasSize(1);
        return entries.get(0);
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"31556889864403200", "-31557014167219201", "999999999999999999.5"})
    void refusesTimesBeyondTheCalendar(String text) {
        assertThatThrownBy(() -> only(TarSpec.file("a", "").pax("mtime", text)))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed, entry \"a\": its mtime is not a number in range.");
    }

    @Test
    void takesTimesUpToTheEndOfTheCalendar() {
        assertThat(only(TarSpec.file("a", "").pax("mtime", "31556889864403199.9"))
                        .modified())
                .isEqualTo(Instant.MAX.with(ChronoField.NANO_OF_SECOND, 900_000_000));
        assertThat(only(TarSpec.file("a", "").gnu().mtime(Instant.MIN.getEpochSecond()))
                        .modified())
                .isEqualTo(Instant.MIN);
        assertThatThrownBy(() -> only(TarSpec.file("a", "").gnu().mtime(Instant.MIN.getEpochSecond() - 1)))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed, entry \"a\": its mtime is not a number in range.");
    }

    @Test
    void readsNegativeBase256Time() {
        assertThat(only(TarSpec.file("a", "").gnu().mtime(-5)).mtimeSeconds()).isEqualTo(-5);
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
