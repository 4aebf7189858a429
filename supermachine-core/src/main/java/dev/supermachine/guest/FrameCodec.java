package dev.supermachine.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Frames to bytes and back. Everything that can be judged from a header alone is judged here, before a payload is awaited or allocated. */
final class FrameCodec {

    private static final int MAGIC = 0x4D53;

    private FrameCodec() {}

    static ByteBuffer encode(Frame frame) {
        byte[] payload = frame.payload();
        if (payload.length > Frame.MAX_PAYLOAD) {
            throw new IllegalArgumentException("A frame of " + frame.type() + " carries at most " + Frame.MAX_PAYLOAD
                    + " bytes, but got " + payload.length);
        }
        return ByteBuffer.allocate(Frame.HEADER_BYTES + payload.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(payload.length)
                .put((byte) frame.type().code())
                .put((byte) frame.flags())
                .putShort((short) MAGIC)
                .putInt(frame.stream())
                .putInt(frame.epoch())
                .put(payload)
                .flip();
    }

    /**
     * Takes one frame out of a buffer.
     *
     * @param buffer little-endian, from its position to its limit what has come so far
     * @return the frame, with the position behind it; or null, with the position unchanged, if the frame is not complete yet
     * @throws ProtocolException as soon as the header breaks a rule
     */
    static @Nullable Frame decode(ByteBuffer buffer) throws ProtocolException {
        if (buffer.remaining() < Frame.HEADER_BYTES) {
            return null;
        }
        int at = buffer.position();
        int magic = Short.toUnsignedInt(buffer.getShort(at + 6));
        if (magic != MAGIC) {
            throw new ProtocolException("a frame whose magic is 0x" + Integer.toHexString(magic) + " instead of 0x"
                    + Integer.toHexString(MAGIC));
        }
        long length = Integer.toUnsignedLong(buffer.getInt(at));
        if (length > Frame.MAX_PAYLOAD) {
            throw new ProtocolException(
                    "a frame of " + length + " bytes, where at most " + Frame.MAX_PAYLOAD + " are allowed");
        }
        FrameType type = FrameType.of(Byte.toUnsignedInt(buffer.get(at + 4)));
        int flags = Byte.toUnsignedInt(buffer.get(at + 5));
        int stream = buffer.getInt(at + 8);
        checkHeader(type, flags, stream, (int) length);
        if (buffer.remaining() < Frame.HEADER_BYTES + (int) length) {
            return null;
        }
        byte[] payload = new byte[(int) length];
        buffer.get(at + Frame.HEADER_BYTES, payload);
        buffer.position(at + Frame.HEADER_BYTES + payload.length);
        return new Frame(type, flags, stream, buffer.getInt(at + 12), payload);
    }

    private static void checkHeader(FrameType type, int flags, int stream, int length) throws ProtocolException {
        if (flags > (type.ofSubchannel() ? Frame.MAX_SUBCHANNEL : 0)) {
            throw new ProtocolException("a frame of " + type + " with the flags " + flags);
        }
        if (type.ofStream() ? stream <= 0 : stream != 0) {
            throw new ProtocolException("a frame of " + type + " with the stream number " + stream);
        }
        if (type == FrameType.DATA && length == 0) {
            throw new ProtocolException("a frame of DATA without a byte");
        }
    }
}
