package dev.supermachine.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ReceiveBufferTest {

    private static final int WINDOW = 10_000;

    @Test
    void givesBackTheBytesInOrderAndTheCreditTheyUsed() throws ProtocolException {
        Random random = new Random(77);
        ReceiveBuffer buffer = new ReceiveBuffer(WINDOW);
        Queue<Byte> model = new ArrayDeque<>();
        int credit = WINDOW;
        for (int round = 0; round < 20_000; round++) {
            if (random.nextBoolean() && credit > 0) {
                byte[] data = new byte[1 + random.nextInt(Math.min(credit, 700))];
                random.nextBytes(data);
                buffer.put(data);
                credit -= data.length;
                for (byte b : data) {
                    model.add(b);
                }
            } else {
                byte[] target = new byte[random.nextInt(900)];
                int count = buffer.take(target, 0, target.length);
                assertThat(count).isEqualTo(Math.min(target.length, model.size()));
                for (int i = 0; i < count; i++) {
                    assertThat(target[i]).isEqualTo(model.remove());
                }
                credit += buffer.claimCredit();
            }
            assertThat(buffer.available()).isEqualTo(model.size());
            assertThat(credit + model.size()).isLessThanOrEqualTo(WINDOW);
        }
    }

    @Test
    void refusesMoreThanTheCredit() throws ProtocolException {
        ReceiveBuffer buffer = new ReceiveBuffer(WINDOW);
        buffer.put(new byte[WINDOW - 1]);

        assertThatThrownBy(() -> buffer.put(new byte[2]))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("2 bytes of DATA where 1 were allowed");
    }

    @Test
    void readingDoesNotAllowMoreUntilTheCreditIsGranted() throws ProtocolException {
        ReceiveBuffer buffer = new ReceiveBuffer(WINDOW);
        buffer.put(new byte[WINDOW]);
        assertThat(buffer.take(new byte[WINDOW], 0, WINDOW)).isEqualTo(WINDOW);

        assertThatThrownBy(() -> buffer.put(new byte[1])).isInstanceOf(ProtocolException.class);
        assertThat(buffer.claimCredit()).isEqualTo(WINDOW);
        buffer.put(new byte[WINDOW]);
    }

    @Test
    void takesNothingAfterTheEnd() throws ProtocolException {
        ReceiveBuffer buffer = new ReceiveBuffer(WINDOW);
        buffer.put(new byte[3]);
        buffer.end();

        assertThatThrownBy(() -> buffer.put(new byte[1])).hasMessage("DATA after EOF");
        assertThatThrownBy(buffer::end).hasMessage("EOF twice");
        assertThat(buffer.take(new byte[9], 0, 9)).isEqualTo(3);
        assertThat(buffer.claimCredit()).isZero();
    }

    @Test
    void discardingKeepsNothingAndStillCountsCredit() throws ProtocolException {
        ReceiveBuffer buffer = new ReceiveBuffer(WINDOW);
        buffer.put(new byte[WINDOW / 2]);
        buffer.discard();
        buffer.put(new byte[WINDOW / 2]);

        assertThat(buffer.isEmpty()).isTrue();
        assertThat(buffer.claimCredit()).isEqualTo(WINDOW);
    }
}
