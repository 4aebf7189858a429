package dev.supermachine.tar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is wrong with an archive is said, and where. */
class TarRefusalsTest {

    @Test
    void refusesSparseFiles() {
        String message = "Layer sha256:feed, entry \"hole\": is a sparse file, which is not supported. Build the layer"
                + " without sparse files (GNU tar: without --sparse).";

        assertThatThrownBy(() -> TarReaderTest.only(TarSpec.of('S', "hole").gnu()))
                .isInstanceOf(ImageException.class)
                .hasMessage(message);
        assertThatThrownBy(() -> TarReaderTest.only(TarSpec.file("hole", "").pax("GNU.sparse.major", "1")))
                .isInstanceOf(ImageException.class)
                .hasMessage(message);
    }

    @Test
    void refusesWrongChecksum() {
        byte[] tar = TarSpec.archive(TarSpec.file("etc/motd", "hi"));
        tar[0] ^= 1;

        assertThatThrownBy(() -> TarReaderTest.entries(tar))
                .isInstanceOf(ImageException.class)
                .hasMessageMatching("Layer sha256:feed, entry \"dtc/motd\": its header has a wrong checksum \\(expected"
                        + " \\d+, found \\d+\\)\\. The layer is damaged or not a tar archive\\.");
    }

    @Test
    void refusesArchiveCutInContentHeaderOrPadding() {
        byte[] tar = TarSpec.archive(TarSpec.file("a", "x".repeat(600)));
        for (int length : new int[] {100, 511, 513, 600, 1111, 1112, 1535}) {
            assertThatThrownBy(() -> TarReaderTest.entries(Arrays.copyOf(tar, length)))
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
        TarReader reader = new TarReader(seeking, TarReaderTest.ERRORS, 1 << 20);
        reader.next();

        assertThatThrownBy(reader::next).isInstanceOf(ImageException.class).hasMessageContaining("It was cut short");
    }

    @Test
    void refusesHeaderWithoutEntry() {
        byte[] tar = TarSpec.file("a", "").pax("comment", "x").bytes();

        assertThatThrownBy(() -> TarReaderTest.entries(Arrays.copyOf(tar, 1024)))
                .isInstanceOf(ImageException.class)
                .hasMessage(
                        "Layer sha256:feed: the archive ends after an extended header, where the entry it belongs to"
                                + " should follow.");
    }

    @Test
    void refusesZerosBetweenEntries() {
        byte[] tar = TarReaderTest.join(
                TarSpec.file("a", "").bytes(),
                new byte[512],
                TarSpec.file("b", "").bytes());

        assertThatThrownBy(() -> TarReaderTest.entries(tar))
                .isInstanceOf(ImageException.class)
                .hasMessage(
                        "Layer sha256:feed: a single block of zeros stands at byte 512 between entries. The archive is"
                                + " damaged.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "5 a", "9 a=b\n", "-5 a=b\n", "6 =bc\n", "99999999999999999999 a=b\n", "1 \n", "3 \n"})
    void refusesBrokenPaxRecords(String records) {
        byte[] tar = TarReaderTest.join(
                TarSpec.of('x', "x")
                        .content(records.getBytes(StandardCharsets.US_ASCII))
                        .bytes(),
                TarSpec.file("a", "").bytes());

        assertThatThrownBy(() -> TarReaderTest.entries(tar))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("Layer sha256:feed: a pax record ");
    }

    @ParameterizedTest
    @ValueSource(chars = {'x', 'g', 'L', 'K'})
    void refusesExtensionsTooLargeBeforeReadingThem(char flag) {
        byte[] header = TarSpec.of(flag, "x")
                .content(new byte[TarReader.MAX_EXTENSION + 1])
                .bytes();

        assertThatThrownBy(() -> TarReaderTest.entries(Arrays.copyOf(header, 512)))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("is 1048577 bytes long; at most 1048576 are read.");
    }

    @Test
    void refusesManyExtensionsBeforeOneEntry() {
        byte[] half = TarSpec.of('x', "x")
                .content(TarSpec.paxData(Map.of("SCHILY.xattr.user.a", "v".repeat(TarReader.MAX_EXTENSION / 2))))
                .bytes();
        byte[] name = TarSpec.of('L', "x").content(new byte[1000]).bytes();

        assertThatThrownBy(() -> TarReaderTest.entries(TarReaderTest.join(half, name, half)))
                .isInstanceOf(ImageException.class)
                .hasMessageMatching("Layer sha256:feed: the extended headers before one entry are \\d+ bytes long"
                        + " together, with a pax header of \\d+; at most 1048576 are read\\.");
    }

    @Test
    void refusesGlobalHeadersThatAddUp() {
        byte[] global = TarSpec.of('g', "x")
                .content(TarSpec.paxData(Map.of("comment", "v".repeat(30_000))))
                .bytes();
        byte[] entry = TarSpec.file("a", "").bytes();

        assertThat(TarReaderTest.entries(TarReaderTest.join(global, entry, global, entry)))
                .hasSize(2);
        assertThatThrownBy(() -> TarReaderTest.entries(TarReaderTest.join(global, entry, global, entry, global)))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed: the global pax headers are 90045 bytes long together; at most 65536 are"
                        + " read.");
    }

    @Test
    void refusesNumbersOutOfRange() {
        assertThatThrownBy(() -> TarReaderTest.only(TarSpec.file("a", "").pax("uid", "4294967296")))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed, entry \"a\": its uid is not a number in range.");
        assertThatThrownBy(() -> TarReaderTest.only(TarSpec.file("a", "").gnu().owner(0, -1)))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed, entry \"a\": its gid is not a number in range.");
        assertThatThrownBy(() -> TarReaderTest.only(TarSpec.file("a", "").pax("mtime", "1e3")))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed, entry \"a\": its mtime is not a number in range.");
        assertThatThrownBy(() -> TarReaderTest.only(TarSpec.device('4', "a", 4096, 0)))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed, entry \"a\": its device major number is not a number in range.");
    }

    @Test
    void refusesUnknownTypes() {
        assertThatThrownBy(() -> TarReaderTest.only(TarSpec.of('V', "vol\"ume\n")))
                .isInstanceOf(ImageException.class)
                .hasMessage(
                        "Layer sha256:feed, entry \"vol\\x22ume\\x0a\": has the type 0x56; files, directories, links,"
                                + " devices and fifos are known.");
    }

    @Test
    void refusesNamesNoFileSystemTakes() {
        assertThatThrownBy(() -> TarReaderTest.only(TarSpec.file("a/".repeat(3000), "")))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("its name is 6000 bytes long; at most 4096 are possible.");
        assertThatThrownBy(() -> TarReaderTest.only(TarSpec.file("a", "").pax("path", "a\0b")))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed, entry \"a\\x00b\": its name contains a zero byte.");
        assertThatThrownBy(() -> TarReaderTest.only(TarSpec.symlink("a", "")))
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed, entry \"a\": is a link, but says to nothing.");
    }

    @Test
    void refusesAttributesTooLong() {
        assertThatThrownBy(() -> TarReaderTest.only(TarSpec.file("a", "").xattr("user.x", "v".repeat(65536))))
                .isInstanceOf(ImageException.class)
                .hasMessage(
                        "Layer sha256:feed, entry \"a\": the extended attribute \"user.x\" has a name of 6 and a value"
                                + " of 65536 bytes; at most 255 and 65535 are possible.");
    }

    @Test
    void refusesMoreBytesThanTheLimit() {
        byte[] tar = TarSpec.archive(TarSpec.file("a", "x".repeat(600)));
        TarReader reader = new TarReader(new ByteArrayInputStream(tar), TarReaderTest.ERRORS, 1000);

        assertThatThrownBy(reader::next)
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed, entry \"a\": with its 600 bytes the layer goes beyond the limit of 1000"
                        + " bytes. Raise the limit if so much is meant to come.");
    }

    @Test
    void namesTheLayerWhenTheStreamFails() {
        InputStream failing = TarSpec.failing("disk on fire");

        assertThatThrownBy(() -> new TarReader(failing, TarReaderTest.ERRORS, 1000).next())
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed: cannot be read: disk on fire")
                .hasCauseInstanceOf(IOException.class);
    }
}
