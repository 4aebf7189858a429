package dev.supermachine.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineOutputTest {

    private final List<String> lines = new ArrayList<>();
    private final LineOutput output = new LineOutput(lines::add);

    @Test
    void linesComeWholeHoweverTheirBytesDo() {
        for (byte next : "grüß\n\ndich\nno end".getBytes(StandardCharsets.UTF_8)) {
            output.write(new byte[] {next}, 0, 1);
        }
        assertThat(lines).containsExactly("grüß", "", "dich");
        output.flushRest();
        output.flushRest();
        assertThat(lines).containsExactly("grüß", "", "dich", "no end");
    }

    @Test
    void aLineWithoutEndComesInPartsThatSplitNoCharacter() {
        String text = "x" + "ü".repeat(LineOutput.MOST_BYTES);
        byte[] bytes = (text + "\n").getBytes(StandardCharsets.UTF_8);
        output.write(bytes, 0, bytes.length);

        assertThat(lines)
                .hasSize(2)
                .allSatisfy(line -> assertThat(line.getBytes(StandardCharsets.UTF_8).length)
                        .isBetween(1, LineOutput.MOST_BYTES + 1));
        assertThat(String.join("", lines)).isEqualTo(text);
    }

    @Test
    void bytesThatAreNoTextAreBoundedToo() {
        byte[] bytes = new byte[3 * LineOutput.MOST_BYTES];
        java.util.Arrays.fill(bytes, (byte) 0x80);
        output.write(bytes, 0, bytes.length);
        assertThat(lines).hasSize(2).allSatisfy(line -> assertThat(line).hasSize(LineOutput.MOST_BYTES + 3));
    }
}
