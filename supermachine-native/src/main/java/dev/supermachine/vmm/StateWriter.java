package dev.supermachine.vmm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Writes a machine's state, little-endian, field after field. For one thread. */
final class StateWriter {

    private ByteBuffer buffer = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);

    /** One bit as one byte. */
    StateWriter putBoolean(boolean value) {
        return putByte(value ? 1 : 0);
    }

    /** The low 8 bits. */
    StateWriter putByte(int value) {
        room(1).put((byte) value);
        return this;
    }

    /** 32 bits. */
    StateWriter putInt(int value) {
        room(4).putInt(value);
        return this;
    }

    /** 64 bits. */
    StateWriter putLong(long value) {
        room(8).putLong(value);
        return this;
    }

    /** A length of 32 bits, then the bytes. */
    StateWriter putBytes(byte[] value) {
        putInt(value.length);
        room(value.length).put(value);
        return this;
    }

    /** The remaining bytes of a buffer, whose position stays; as {@link #putBytes(byte[])}. */
    StateWriter putBytes(ByteBuffer value) {
        putInt(value.remaining());
        room(value.remaining()).put(value.duplicate());
        return this;
    }

    /** A text in UTF-8, as {@link #putBytes(byte[])}. */
    StateWriter putText(String value) {
        return putBytes(value.getBytes(StandardCharsets.UTF_8));
    }

    /** All that was written. */
    byte[] toBytes() {
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    private ByteBuffer room(int bytes) {
        if (buffer.remaining() < bytes) {
            int capacity = Math.max(Math.multiplyExact(buffer.capacity(), 2), Math.addExact(buffer.position(), bytes));
            buffer =
                    ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN).put(buffer.flip());
        }
        return buffer;
    }
}
