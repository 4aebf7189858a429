package dev.supermachine.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PageMapTest {

    private static final int PAGE = Mapping.PAGE;

    private static final int PAGES = 20_000;

    @Test
    void findsExactlyTheWrittenPagesInBothWays() {
        Random random = new Random(11);
        PageMap best = PageMap.open();
        PageMap reading = PageMap.reading();
        try (OpenFile file = OpenFile.inMemory("file", (long) PAGES * PAGE)) {
            assertThat(reading.scans()).isFalse();
            for (int written : new int[] {0, 1, 100, 5_000}) {
                try (Mapping mapping = Mapping.copyOnWrite(file, 0, (long) PAGES * PAGE)) {
                    SortedSet<Long> expected = new TreeSet<>();
                    for (int i = 0; i < written; i++) {
                        // Pages that were only read are the file's.
                        assertThat(mapping.view((long) random.nextInt(PAGES) * PAGE, 1)
                                        .get(0))
                                .isZero();
                        long page = random.nextInt(PAGES);
                        mapping.view(page * PAGE, 1).put(0, (byte) 0);
                        expected.add(page);
                    }
                    assertThat(pages(best.own(mapping, PAGES))).isEqualTo(expected);
                    assertThat(pages(reading.own(mapping, PAGES))).isEqualTo(expected);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void stopsAfterAsManyPagesAsAskedForAndJoinsNeighbours(boolean best) {
        PageMap map = best ? PageMap.open() : PageMap.reading();
        try (OpenFile file = OpenFile.inMemory("file", (long) PAGES * PAGE);
                Mapping mapping = Mapping.copyOnWrite(file, 0, (long) PAGES * PAGE)) {
            for (int page = 8_000; page < 8_400; page++) {
                mapping.view((long) page * PAGE, 1).put(0, (byte) 1);
            }
            PageRuns some = map.own(mapping, 300);
            assertThat(some.pages()).isEqualTo(300);
            PageRuns all = map.own(mapping, PAGES);
            assertThat(all.pages()).isEqualTo(400);
            assertThat(all.count()).isEqualTo(1);
            assertThat(all.offset(0)).isEqualTo(8_000L * PAGE);
            assertThat(all.length(0)).isEqualTo(400L * PAGE);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void ofAnAnonymousMappingFindsWhatWasTouched(boolean best) {
        PageMap map = best ? PageMap.open() : PageMap.reading();
        try (Mapping mapping = Mapping.anonymous("anonymous", 16 * PAGE)) {
            assertThat(map.own(mapping, 16).pages()).isZero();
            mapping.view(3 * PAGE, 1).put(0, (byte) 1);
            mapping.view(5 * PAGE, 1).put(0, (byte) 1);
            assertThat(pages(map.own(mapping, 16))).contains(3L, 5L);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void doesNotLookIntoAMappingThatWasClosed(boolean best) {
        PageMap map = best ? PageMap.open() : PageMap.reading();
        Mapping mapping = Mapping.anonymous("gone", 16 * PAGE);
        mapping.close();
        assertThatIllegalStateException().isThrownBy(() -> map.own(mapping, 16));
    }

    @Test
    void allShareOneDescriptor() throws IOException {
        try (Mapping mapping = Mapping.anonymous("anonymous", 16 * PAGE)) {
            mapping.view(3 * PAGE, 1).put(0, (byte) 1);
            for (int i = 0; i < 3; i++) {
                assertThat(pages(PageMap.open().own(mapping, 16))).contains(3L);
                assertThat(pages(PageMap.reading().own(mapping, 16))).contains(3L);
            }
        }
        List<String> open = new ArrayList<>();
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                try {
                    open.add(Files.readSymbolicLink(descriptor).toString());
                } catch (NoSuchFileException e) {
                    // The one by which the directory was read, or another thread's, which is closed by now.
                }
            }
        }
        assertThat(open).filteredOn(file -> file.endsWith("/pagemap")).hasSize(1);
    }

    private static SortedSet<Long> pages(PageRuns runs) {
        SortedSet<Long> pages = new TreeSet<>();
        for (int run = 0; run < runs.count(); run++) {
            for (long at = 0; at < runs.length(run); at += PAGE) {
                pages.add((runs.offset(run) + at) / PAGE);
            }
        }
        return pages;
    }
}
