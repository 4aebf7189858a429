package dev.supermachine.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

class OutputTailTest {

    @Test
    void whatFitsIsKeptWhole() {
        OutputTail tail = new OutputTail(10);
        assertThat(tail.bytes()).isEmpty();
        assertThat(tail.isCut()).isFalse();
        byte[] all = "\u001b[1m345\r\n".getBytes(UTF_8);
        tail.write(all, 0, all.length - 1);
        tail.write('\n');
        assertThat(tail.bytes()).isEqualTo(all);
        assertThat(tail.text()).isEqualTo("?[1m345\n");
        assertThat(tail.isCut()).isFalse();
        tail.write('!');
        assertThat(tail.text()).isEqualTo("?[1m345\n!");
        assertThat(tail.isCut()).isFalse();
        tail.write('?');
        assertThat(tail.text()).isEqualTo("[1m345\n!?");
        assertThat(tail.isCut()).isTrue();
    }

    @Test
    void ofMoreTheLastBytesAreKeptHoweverTheyCome() {
        Random random = new Random(20261125);
        String text = "abcdefghijklmnopqrstuvwxyz".repeat(2000);
        for (int round = 0; round < 200; round++) {
            // around the capacity that it begins with
            int capacity = 1 + random.nextInt(3 * 4096);
            OutputTail tail = new OutputTail(capacity);
            int length = random.nextInt(text.length());
            int at = 0;
            while (at < length) {
                int part = Math.min(length - at, 1 + random.nextInt(4000));
                byte[] piece = text.substring(at, at + part).getBytes(UTF_8);
                if (random.nextBoolean()) {
                    tail.write(piece, 0, piece.length);
                } else {
                    tail.append(ByteBuffer.wrap(piece));
                }
                at += part;
            }
            assertThat(tail.text()).isEqualTo(text.substring(Math.max(0, length - capacity), length));
            assertThat(tail.isCut()).isEqualTo(length > capacity);
        }
    }
}
