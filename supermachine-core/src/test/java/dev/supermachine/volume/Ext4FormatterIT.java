package dev.supermachine.volume;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.image.Ext4Checks;
import dev.supermachine.linux.SparseFile;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What e2fsck finds in new file systems: nothing. */
class Ext4FormatterIT {

    private static final UUID ID = UUID.fromString("11111111-2222-3333-4444-555555555555");
    private static final Instant TIME = Instant.parse("2026-11-28T12:00:00Z");

    @TempDir
    private Path directory;

    /** The least; one group, its end, a last group that is too small, one that is just large enough; where sizes of tables and journal change. */
    @ParameterizedTest
    @ValueSource(ints = {16, 17, 127, 128, 129, 130, 131, 132, 133, 1023, 1024, 1025, 1029, 3 * 1024, 16_385, 65_537})
    void newFileSystemsAreClean(int mib) throws IOException, InterruptedException {
        Path file = format((long) mib << 20);
        Ext4Checks.assertClean(file);
        assertThat(SparseFile.allocatedBytes(file)).isLessThan(128L << 20);
    }

    @Test
    void newFileSystemsOfAnySizeAreClean() throws IOException, InterruptedException {
        long seed = Long.getLong("supermachine.test.seed", 20261128);
        Random random = new Random(seed);
        for (int i = 0; i < 20; i++) {
            Path file = format((16L + random.nextInt(5_000)) << 20);
            Ext4Checks.assertClean(file);
            Files.delete(file);
        }
    }

    @Test
    void theyHaveAJournalAndBelongToEverybody() throws IOException, InterruptedException {
        String said = Ext4Checks.superblock(format(64L << 20));
        assertThat(said)
                .contains("Filesystem UUID:          11111111-2222-3333-4444-555555555555")
                .contains(
                        "Filesystem features:      has_journal ext_attr dir_index filetype extent sparse_super large_file")
                .contains("Filesystem state:         clean")
                .contains("Reserved block count:     0")
                .contains("Block size:               4096")
                .contains("Total journal size:       4096k")
                .contains("Inode count:              8192");
    }

    @Test
    void theSameArgumentsMakeTheSameBytes() throws IOException {
        Path one = format(16L << 20);
        Path other = Files.move(one, directory.resolve("other"));
        assertThat(format(16L << 20)).hasSameBinaryContentAs(other);
    }

    private Path format(long size) throws IOException {
        Path file = directory.resolve("file");
        try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
            access.setLength(0);
            access.setLength(size);
        }
        Ext4Formatter.format(file, ID, TIME);
        return file;
    }
}
