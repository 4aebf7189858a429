package dev.supermachine.bake;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class TailTest {

    @Test
    void whatFitsIsKeptWhole() {
        Tail tail = new Tail(10);
        assertThat(tail.text()).isEmpty();
        write(tail, "\n0123456\n");
        assertThat(tail.text()).isEqualTo("0123456");
    }

    @Test
    void ofMoreTheLastBytesAreKeptHoweverTheyCome() {
        Random random = new Random(20261125);
        String text = "abcdefghijklmnopqrstuvwxyz".repeat(20);
        for (int round = 0; round < 200; round++) {
            Tail tail = new Tail(10);
            int length = 11 + random.nextInt(text.length() - 10);
            int at = 0;
            while (at < length) {
                int part = Math.min(length - at, 1 + random.nextInt(40));
                write(tail, text.substring(at, at + part));
                at += part;
            }
            assertThat(tail.text()).isEqualTo("…" + text.substring(length - 10, length));
        }
    }

    private static void write(Tail tail, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        tail.write(bytes, 0, bytes.length);
    }
}
