package dev.supermachine.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ReadOnlyBufferException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class MappingTest {

    private static final int PAGE = Mapping.PAGE;

    @Test
    void whatIsWrittenToACopyStaysThereUntilDropped() {
        try (OpenFile file = OpenFile.inMemory("file", 4 * PAGE);
                Mapping shared = Mapping.shared(file, 0, 4 * PAGE);
                Mapping copy = Mapping.copyOnWrite(file, 0, 4 * PAGE);
                Mapping readOnly = Mapping.readOnly(file, PAGE, 3 * PAGE)) {
            shared.view(PAGE, 8).putLong(0, 42);
            assertThat(readOnly.view(0, 8).getLong(0)).isEqualTo(42);
            assertThat(copy.view(PAGE, 8).getLong(0)).isEqualTo(42);
            copy.view(PAGE, 8).putLong(0, 43);
            copy.view(2L * PAGE, 8).putLong(0, 44);
            assertThat(shared.view(PAGE, 8).getLong(0)).isEqualTo(42);
            copy.drop(PAGE, PAGE);
            assertThat(copy.view(PAGE, 8).getLong(0)).isEqualTo(42);
            assertThat(copy.view(2L * PAGE, 8).getLong(0)).isEqualTo(44);
            copy.copyFrom(shared, 2L * PAGE, PAGE);
            assertThat(copy.view(2L * PAGE, 8).getLong(0)).isZero();
            assertThatThrownBy(() -> readOnly.view(0, 8).putLong(0, 1)).isInstanceOf(ReadOnlyBufferException.class);
        }
    }

    @Test
    void viewsAreOneGibibyteAtMostAndCopiesReachOverTheirEnds() {
        long gib = 1L << 30;
        long length = 2 * gib + PAGE;
        try (Mapping one = Mapping.anonymous("one", length);
                Mapping other = Mapping.anonymous("other", length)) {
            List<ByteBuffer> views = one.views();
            assertThat(views).extracting(ByteBuffer::capacity).containsExactly(1 << 30, 1 << 30, PAGE);
            assertThat(views).extracting(ByteBuffer::order).containsOnly(ByteOrder.LITTLE_ENDIAN);
            one.view(2 * gib - 8, 8).putLong(0, 7);
            one.view(2 * gib, 8).putLong(0, 8);
            other.copyFrom(one, 2 * gib - PAGE, 2 * PAGE);
            assertThat(other.views().get(1).getLong((1 << 30) - 8)).isEqualTo(7);
            assertThat(other.views().get(2).getLong(0)).isEqualTo(8);
        }
    }

    @Test
    void copiesManyRangesAtOnceAndNothingElse() {
        int pages = 1000;
        PageRuns odd = new PageRuns();
        for (long page = 1; page < pages; page += 2) {
            odd.add(page * PAGE, (page + 1) * PAGE);
        }
        try (Mapping source = Mapping.anonymous("source", (long) pages * PAGE);
                Mapping target = Mapping.anonymous("target", (long) pages * PAGE)) {
            for (int page = 0; page < pages; page++) {
                source.view((long) page * PAGE, 8).putLong(0, page);
                source.view((page + 1L) * PAGE - 8, 8).putLong(0, -page);
                target.view((long) page * PAGE, 8).putLong(0, 7);
            }
            target.copyFrom(source, odd);
            for (int page = 0; page < pages; page++) {
                assertThat(target.view((long) page * PAGE, 8).getLong(0)).isEqualTo(page % 2 == 0 ? 7 : page);
                assertThat(target.view((page + 1L) * PAGE - 8, 8).getLong(0)).isEqualTo(page % 2 == 0 ? 0 : -page);
            }
            target.copyFrom(source, new PageRuns());
            assertThat(target.view(0, 8).getLong(0)).isEqualTo(7);
        }
    }

    @Test
    void refusesManyRangesIfOneIsNotInIt() {
        PageRuns runs = new PageRuns();
        runs.add(0, PAGE);
        runs.add(3 * PAGE, 5 * PAGE);
        try (Mapping small = Mapping.anonymous("small", 4 * PAGE);
                Mapping large = Mapping.anonymous("large", 8 * PAGE)) {
            large.view(0, 1).put(0, (byte) 1);
            assertThatThrownBy(() -> small.copyFrom(large, runs)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> large.copyFrom(small, runs)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThat(small.view(0, 1).get(0)).isZero();
            assertThat(large.view(0, 1).get(0)).isEqualTo((byte) 1);
        }
    }

    @Test
    void populatingForWritingMakesPagesOwn() {
        try (OpenFile file = OpenFile.inMemory("file", 8 * PAGE);
                Mapping copy = Mapping.copyOnWrite(file, 0, 8 * PAGE)) {
            PageMap map = PageMap.open();
            if (copy.populateForReading(0, 8 * PAGE) && copy.populateForWriting(PAGE, 2 * PAGE)) {
                assertThat(map.own(copy, 8).pages()).isEqualTo(2);
            } else {
                assertThat(map.own(copy, 8).pages()).isZero();
            }
        }
    }

    @Test
    void isGoneAfterCloseAndNotInForks() throws IOException {
        Mapping mapping = Mapping.anonymous("gone", 3 * PAGE);
        // VmFlags of proc(5): dd do not include in core dump, dc do not copy on fork
        assertThat(flags(mapping.address())).contains(" dd", " dc");
        mapping.close();
        mapping.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> mapping.view(0, 8))
                .withMessage("The mapping of gone was closed");
    }

    @Test
    void refusesRangesThatAreNotInIt() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Mapping.anonymous("odd", 1000))
                .withMessage("Cannot map 1000 bytes from offset 0 of odd: no whole pages");
        try (Mapping mapping = Mapping.anonymous("small", PAGE)) {
            assertThatThrownBy(() -> mapping.view(PAGE - 4, 8))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessage("8 bytes from offset 4092 of a mapping of 4096 bytes of small");
            assertThatThrownBy(() -> mapping.drop(0, Long.MAX_VALUE)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> mapping.drop(-PAGE, PAGE)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    private static String flags(long address) throws IOException {
        boolean found = false;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            // Two mappings with the same flags may be one to the kernel, so that the address is not its begin.
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                String[] range = line.substring(0, line.indexOf(' ')).split("-", 2);
                found = Long.compareUnsigned(Long.parseUnsignedLong(range[0], 16), address) <= 0
                        && Long.compareUnsigned(address, Long.parseUnsignedLong(range[1], 16)) < 0;
            } else if (found && line.startsWith("VmFlags:")) {
                return line;
            }
        }
        return "";
    }
}
