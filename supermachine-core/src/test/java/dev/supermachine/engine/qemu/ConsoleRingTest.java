package dev.supermachine.engine.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

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

    private void append(String text) {
        console.append(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }
}
