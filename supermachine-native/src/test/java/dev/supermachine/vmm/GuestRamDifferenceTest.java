package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.linux.Mapping;
import dev.supermachine.linux.PageMap;
import dev.supermachine.linux.PagesFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Memory that begins as a file with other pages laid over it. */
class GuestRamDifferenceTest {

    private static final int PAGES = 512;
    private static final int SIZE = PAGES * Mapping.PAGE;
    private static final long SEED = Long.getLong("supermachine.test.seed", System.nanoTime());

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void writeFile() throws IOException {
        byte[] content = new byte[SIZE];
        new Random(5).nextBytes(content);
        file = Files.write(directory.resolve("ram"), content);
    }

    @ParameterizedTest
    @CsvSource({"0, true, 512", "1, true, 512", "40, true, 512", "40, false, 512", "40, true, 0", "512, true, 512"})
    void beginsAndIsResetWithWhatWasLaidOver(int pages, boolean scan, int copyBackPages) throws IOException {
        Random random = new Random(SEED);
        Path difference = directory.resolve("pages");
        byte[] expected;
        try (PageSource source = PageSource.open(file);
                GuestRam ram = ram(source, scan, copyBackPages)) {
            change(ram, random, pages);
            expected = bytes(ram);
            assertThat(ram.captureDifference(difference)).isEqualTo(pages);
            assertThat(bytes(ram)).as("seed %d", SEED).isEqualTo(expected);
        }
        Path next = directory.resolve("next");
        byte[] later;
        try (PageSource source = PageSource.open(file, difference);
                GuestRam ram = ram(source, scan, copyBackPages);
                GuestRam other = ram(source, scan, copyBackPages)) {
            assertThat(bytes(ram)).as("seed %d", SEED).isEqualTo(expected);
            assertThat(ram.firstDifference()).isNegative();
            for (int round = 0; round < 3; round++) {
                change(ram, random, 60);
                ram.reset();
                assertThat(bytes(ram)).as("seed %d", SEED).isEqualTo(expected);
            }
            assertThat(bytes(other)).isEqualTo(expected);
            change(ram, random, 30);
            later = bytes(ram);
            assertThat(ram.captureDifference(next)).isBetween((long) pages, pages + 30L);
        }
        try (PageSource source = PageSource.open(file, next);
                GuestRam ram = ram(source, scan, copyBackPages)) {
            assertThat(bytes(ram)).as("seed %d", SEED).isEqualTo(later);
        }
    }

    @Test
    void leavesOutWhatIsTheFilesAgain() throws IOException {
        try (PageSource source = PageSource.open(file);
                GuestRam ram = ram(source, true, PAGES)) {
            change(ram, new Random(1), 100);
            ram.reset();
            assertThat(ram.dirtyPages().pages()).isEqualTo(100);
            ram.memory().putByte(5L * Mapping.PAGE, ram.memory().getByte(5L * Mapping.PAGE) ^ 1);

            assertThat(ram.captureDifference(directory.resolve("pages"))).isEqualTo(1);
        }
    }

    @Test
    void refusesPagesOfAnotherMemory() throws IOException {
        Path difference = directory.resolve("pages");
        Path larger = Files.write(directory.resolve("larger"), new byte[2 * SIZE]);
        try (PageSource source = PageSource.open(larger);
                GuestRam ram = ram(source, true, PAGES)) {
            ram.captureDifference(difference);
        }
        assertThatThrownBy(() -> PageSource.open(file, difference))
                .isInstanceOf(IOException.class)
                .hasMessage("Expected in " + difference + " a file of a memory of " + SIZE + " bytes, but it is of "
                        + 2 * SIZE);
    }

    @Test
    void damageOfTheTableIsFound() throws IOException {
        Path difference = directory.resolve("pages");
        try (PageSource source = PageSource.open(file);
                GuestRam ram = ram(source, true, PAGES)) {
            change(ram, new Random(1), 20);
            ram.captureDifference(difference);
        }
        byte[] good = Files.readAllBytes(difference);
        Random random = new Random(SEED);
        int refused = 0;
        for (int round = 0; round < 500; round++) {
            byte[] bad = good.clone();
            bad[random.nextInt(20 + 8 * 20)] ^= (byte) (1 << random.nextInt(8));
            Path damaged = Files.write(directory.resolve("damaged"), bad);
            try (PagesFile pages = PagesFile.open(damaged, SIZE)) {
                assertThat(pages.runs().end(pages.runs().count() - 1)).isLessThanOrEqualTo(SIZE);
            } catch (IOException e) {
                assertThat(e).hasMessageStartingWith("Expected in " + damaged + " a file ");
                refused++;
            }
        }
        assertThat(refused).as("seed %d", SEED).isGreaterThan(100);
        for (int length : new int[] {0, 10, 100, good.length - 1}) {
            Path cut = Files.write(directory.resolve("cut"), Arrays.copyOf(good, length));
            assertThatThrownBy(() -> PagesFile.open(cut, SIZE)).isInstanceOf(IOException.class);
        }
    }

    private static GuestRam ram(PageSource source, boolean scan, int copyBackPages) {
        return new GuestRam(source.copyOnWrite(), source, scan ? PageMap.open() : PageMap.reading(), copyBackPages);
    }

    /** Each of them is another one than before; some become zeros. */
    private static void change(GuestRam ram, Random random, int pages) {
        random.ints(0, PAGES).distinct().limit(pages).forEach(page -> {
            byte[] bytes = new byte[Mapping.PAGE];
            if (random.nextInt(4) > 0) {
                random.nextBytes(bytes);
            }
            ram.memory().write((long) page * Mapping.PAGE, ByteBuffer.wrap(bytes));
        });
    }

    private static byte[] bytes(GuestRam ram) {
        byte[] bytes = new byte[SIZE];
        ram.memory().read(0, ByteBuffer.wrap(bytes));
        return bytes;
    }
}
