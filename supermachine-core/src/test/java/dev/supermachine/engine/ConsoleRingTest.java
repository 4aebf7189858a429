package dev.supermachine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConsoleRingTest {

    private final ConsoleRing console = new ConsoleRing();

    @Test
    void isEmptyAtFirst() {
        assertThat(console.text()).isEmpty();
        assertThat(console.tail(10)).isEmpty();
    }

    @Test
    void givesTheLastLines() {
        append("one\r\ntwo\r\nthree\r\n");
        assertThat(console.text()).isEqualTo("one\ntwo\nthree\n");
        assertThat(console.tail(2)).isEqualTo("two\nthree");
        assertThat(console.tail(3)).isEqualTo("one\ntwo\nthree");
        assertThat(console.tail(99)).isEqualTo("one\ntwo\nthree");
        assertThat(console.tail(0)).isEmpty();
    }

    @Test
    void givesALineThatHasNotEnded() {
        append("\nlogin: ");
        assertThat(console.tail(1)).isEqualTo("login:");
    }

    @Test
    void showsControlCharactersWithoutObeyingThem() {
        append("a\u001b[31mb\tc\u0000\rd");
        assertThat(console.text()).isEqualTo("a?[31mb\tc??d");
    }

    @Test
    void keepsTheLatestPartWhateverTheSizesOfThePieces() {
        Random random = new Random(7);
        StringBuilder all = new StringBuilder();
        while (all.length() < 3 * ConsoleRing.CAPACITY) {
            StringBuilder piece = new StringBuilder();
            for (int i = random.nextInt(20_000); i >= 0; i--) {
                piece.append((char) ('a' + random.nextInt(26)));
            }
            append(piece.toString());
            all.append(piece);
            assertThat(console.text()).isEqualTo(all.substring(Math.max(0, all.length() - ConsoleRing.CAPACITY)));
        }
    }

    @Test
    void writesAFileWhoseSizeIsBounded(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("console");
        append("before\r\n");
        console.copyTo(file);
        append("after\u001b\r\n");
        console.copyTo(directory.resolve("ignored"));
        assertThat(file).hasContent("before\nafter?\n");
        ConsoleRing next = new ConsoleRing();
        next.continueIn(file);
        next.append(ByteBuffer.wrap("elsewhere\n".getBytes(StandardCharsets.UTF_8)));
        assertThat(file).hasContent("before\nafter?\nelsewhere\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");

        String much = "x".repeat(1 << 20);
        for (int i = 0; i < 20; i++) {
            append(much);
            assertThat(Files.size(file)).isLessThanOrEqualTo(ConsoleFile.LIMIT);
        }
        assertThat(Files.size(file)).isGreaterThanOrEqualTo(much.length());
    }

    private void append(String text) {
        console.append(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }
}
