package dev.supermachine.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FrameCodecTest {

    private static final int SEED = 20_261;

    @Test
    void encodesTheHeaderAsDocumented() {
        ByteBuffer encoded = FrameCodec.encode(Frame.ofStream(FrameType.DATA, 2, 0x01020304, 0x0A0B0C0D, bytes(7)));

        byte[] header = new byte[Frame.HEADER_BYTES];
        encoded.get(header);
        assertThat(header).containsExactly(1, 0, 0, 0, 0x22, 2, 0x53, 0x4D, 4, 3, 2, 1, 0x0D, 0x0C, 0x0B, 0x0A);
        assertThat(encoded.get()).isEqualTo((byte) 7);
        assertThat(encoded.hasRemaining()).isFalse();
    }

    @Test
    void readsBackEveryType() throws ProtocolException {
        for (FrameType type : FrameType.values()) {
            Frame sent = new Frame(type, type.ofSubchannel() ? 1 : 0, type.ofStream() ? 9 : 0, -2, bytes(1, 2, 3));

            Frame read = FrameCodec.decode(FrameCodec.encode(sent));

            assertThat(read).usingRecursiveComparison().isEqualTo(sent);
        }
    }

    @Test
    void waitsForTheRestOfAFrame() throws ProtocolException {
        ByteBuffer whole = FrameCodec.encode(Frame.control(FrameType.PONG, 0, bytes(1, 2, 3)));
        for (int length = 0; length < whole.limit(); length++) {
            ByteBuffer part = whole.duplicate().order(ByteOrder.LITTLE_ENDIAN).limit(length);

            assertThat(FrameCodec.decode(part)).as("after %d bytes", length).isNull();
            assertThat(part.position()).isZero();
        }
    }

    @Test
    void judgesAHeaderBeforeItsPayloadIsThere() {
        assertBroken(header(65_537, 0x22, 1, 0x4D53, 1), "a frame of 65537 bytes, where at most 65536 are allowed");
        assertBroken(header(-1, 0x22, 1, 0x4D53, 1), "a frame of 4294967295 bytes, where at most 65536 are allowed");
        assertBroken(header(9, 0x22, 1, 0x4D54, 1), "a frame whose magic is 0x4d54 instead of 0x4d53");
        assertBroken(header(9, 0x7F, 0, 0x4D53, 0), "a frame of the unknown type 0x7f");
        assertBroken(header(9, 0, 0, 0x4D53, 0), "a frame of the unknown type 0x0");
        assertBroken(header(9, 0x22, 3, 0x4D53, 1), "a frame of DATA with the flags 3");
        assertBroken(header(9, 0x27, 1, 0x4D53, 1), "a frame of RESULT with the flags 1");
        assertBroken(header(9, 0x27, 0, 0x4D53, 0), "a frame of RESULT with the stream number 0");
        assertBroken(header(9, 0x27, 0, 0x4D53, -5), "a frame of RESULT with the stream number -5");
        assertBroken(header(9, 0x01, 0, 0x4D53, 1), "a frame of HELLO with the stream number 1");
        assertBroken(header(0, 0x22, 1, 0x4D53, 1), "a frame of DATA without a byte");
    }

    @Test
    void refusesToEncodeWhatIsTooLong() {
        assertThatThrownBy(() -> FrameCodec.encode(Frame.control(FrameType.PING, 0, new byte[65_537])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("A frame of PING carries at most 65536 bytes, but got 65537");
    }

    @Test
    void mutatedFramesAreReadOrRefusedAndNothingElse() {
        Random random = new Random(SEED);
        int refused = 0;
        int read = 0;
        for (int round = 0; round < 50_000; round++) {
            ByteBuffer bytes = round % 2 == 0 ? mutated(random) : randomBytes(random);
            try {
                for (Frame frame = FrameCodec.decode(bytes); frame != null; frame = FrameCodec.decode(bytes)) {
                    assertThat(frame.payload().length).isLessThanOrEqualTo(Frame.MAX_PAYLOAD);
                    read++;
                }
            } catch (ProtocolException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(1000);
        assertThat(read).isGreaterThan(1000);
    }

    private static ByteBuffer mutated(Random random) {
        FrameType[] types = FrameType.values();
        byte[] payload = new byte[random.nextInt(64)];
        random.nextBytes(payload);
        ByteBuffer frame = FrameCodec.encode(
                new Frame(types[random.nextInt(types.length)], 0, random.nextInt(3), random.nextInt(), payload));
        for (int i = random.nextInt(3); i > 0; i--) {
            frame.put(random.nextInt(frame.limit()), (byte) random.nextInt());
        }
        return frame;
    }

    private static ByteBuffer randomBytes(Random random) {
        byte[] bytes = new byte[random.nextInt(100)];
        random.nextBytes(bytes);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void assertBroken(ByteBuffer bytes, String message) {
        assertThatThrownBy(() -> FrameCodec.decode(bytes))
                .isInstanceOf(ProtocolException.class)
                .hasMessage(message);
    }

    static ByteBuffer header(int length, int type, int flags, int magic, int stream) {
        return ByteBuffer.allocate(Frame.HEADER_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(length)
                .put((byte) type)
                .put((byte) flags)
                .putShort((short) magic)
                .putInt(stream)
                .putInt(0)
                .flip();
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }
}
