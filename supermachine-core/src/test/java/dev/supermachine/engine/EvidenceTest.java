package dev.supermachine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The part of a message that a guest wrote: bounded, and obeyed by nobody. */
class EvidenceTest {

    @Test
    void showsTheLogAndThenTheConsole() {
        assertThat(Evidence.of("database ready\n", "Kernel panic\r\n"))
                .isEqualTo("\nThe workload's output ends with:\ndatabase ready"
                        + "\nThe guest's console ends with:\nKernel panic");
        assertThat(Evidence.of("one\ntwo\nthree\n", "four", 2))
                .isEqualTo("\nThe workload's output ends with:\n…two\nthree\nThe guest's console ends with:\nfour");
        assertThat(Evidence.of("", " \n"))
                .isEqualTo("\nThe workload's output is empty.\nThe guest's console is empty.");
    }

    @Test
    void showsTheLastLinesOnly() {
        String exactly = lines(1, Evidence.LINES);
        assertThat(Evidence.tail(exactly)).isEqualTo(exactly);
        assertThat(Evidence.tail("first\n" + exactly)).isEqualTo("…" + exactly);
        assertThat(Evidence.tail(lines(1, 100_000))).isEqualTo("…" + lines(100_001 - Evidence.LINES, 100_000));
    }

    @Test
    void showsTheLastCharactersOnlyAndNoHalfOfOne() {
        String line = "x".repeat(Evidence.CHARACTERS);
        assertThat(Evidence.tail(line)).isEqualTo(line);
        assertThat(Evidence.tail("y" + line)).isEqualTo("…" + line);
        String cut = "\uD83D\uDE00" + "x".repeat(Evidence.CHARACTERS - 1);
        assertThat(Evidence.tail(cut)).isEqualTo("…" + cut.substring(2));
    }

    @Test
    void obeysNoControlCharacter() {
        assertThat(Evidence.tail("a\u001b[2Jb\r\nc\td\u0000\u202Ee\u2028f\u009bg"))
                .isEqualTo("a?[2Jb\nc\td??e?f?g");
    }

    @Test
    void aTailKeepsTheLatestBytes() {
        OutputTail tail = new OutputTail(10);
        assertThat(tail.text()).isEmpty();
        for (String piece : new String[] {"abc", "", "defghij", "k", "lmnopqrstuvwxyz0123456789", "."}) {
            tail.append(ByteBuffer.wrap(piece.getBytes(StandardCharsets.UTF_8)));
        }
        assertThat(tail.text()).isEqualTo("123456789.");
    }

    private static String lines(int first, int last) {
        return IntStream.rangeClosed(first, last).mapToObj(i -> "line " + i).collect(Collectors.joining("\n"));
    }
}
