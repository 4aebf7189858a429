package dev.supermachine.vmm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Reads what a {@link StateWriter} wrote. Trusts nothing of it. For one thread. */
final class StateReader {

    private final ByteBuffer buffer;

    /** Reads these bytes, which are not copied. */
    StateReader(byte[] state) {
        buffer = ByteBuffer.wrap(state).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** A byte that must be 0 or 1. */
    boolean getBoolean() {
        int value = getByte();
        if (value > 1) {
            throw new StateFormatException("Expected a byte of 0 or 1 at offset " + (buffer.position() - 1)
                    + " of the state, but found " + value);
        }
        return value == 1;
    }

    /** 0 to 255. */
    int getByte() {
        return Byte.toUnsignedInt(room(1).get());
    }

    /** 32 bits. */
    int getInt() {
        return room(4).getInt();
    }

    /** 32 bits that must be within bounds, both inclusive. */
    int getInt(String what, int least, int most) {
        int value = getInt();
        if (value < least || value > most) {
            throw new StateFormatException("Expected " + what + " of " + least + " to " + most + " at offset "
                    + (buffer.position() - 4) + " of the state, but found " + value);
        }
        return value;
    }

    /** 64 bits. */
    long getLong() {
        return room(8).getLong();
    }

    /** What {@link StateWriter#putBytes(byte[])} wrote. */
    byte[] getBytes() {
        int length = getInt("a length", 0, buffer.capacity());
        room(length);
        byte[] value = new byte[length];
        buffer.get(value);
        return value;
    }

    /** What {@link StateWriter#putText(String)} wrote. */
    String getText() {
        return new String(getBytes(), StandardCharsets.UTF_8);
    }

    /** Fails if anything is left. */
    void expectEnd() {
        if (buffer.hasRemaining()) {
            throw new StateFormatException("Expected the end of the state at offset " + buffer.position() + ", but "
                    + buffer.remaining() + " bytes follow");
        }
    }

    private ByteBuffer room(int bytes) {
        if (buffer.remaining() < bytes) {
            throw new StateFormatException("Expected " + bytes + " more bytes at offset " + buffer.position()
                    + " of the state, but only " + buffer.remaining() + " are left");
        }
        return buffer;
    }
}
