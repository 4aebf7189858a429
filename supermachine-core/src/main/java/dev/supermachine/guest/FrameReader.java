package dev.supermachine.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads a payload, field by field. Every count and length is held against what is left of the payload before anything is allocated for it. */
final class FrameReader {

    /** Reads one item of a list. */
    interface Item<T> {
        T read(FrameReader from) throws ProtocolException;
    }

    private final FrameType type;
    private final ByteBuffer left;

    FrameReader(FrameType type, byte[] payload) {
        this(type, ByteBuffer.wrap(payload));
    }

    private FrameReader(FrameType type, ByteBuffer left) {
        this.type = type;
        this.left = left.order(ByteOrder.LITTLE_ENDIAN);
    }

    FrameReader(Frame frame) {
        this(frame.type(), frame.payload());
    }

    int u8() throws ProtocolException {
        need(Byte.BYTES);
        return Byte.toUnsignedInt(left.get());
    }

    int u16() throws ProtocolException {
        need(Short.BYTES);
        return Short.toUnsignedInt(left.getShort());
    }

    long u32() throws ProtocolException {
        need(Integer.BYTES);
        return Integer.toUnsignedLong(left.getInt());
    }

    /** An unsigned number of 64 bits, in a long: those above 2⁶³−1 are refused, because nothing that is counted reaches them. */
    long u64() throws ProtocolException {
        long value = s64();
        if (value < 0) {
            throw broken("holds the impossible number " + Long.toUnsignedString(value));
        }
        return value;
    }

    /** A number of 64 bits whose highest bit is a sign, for times before 1970. */
    long s64() throws ProtocolException {
        need(Long.BYTES);
        return left.getLong();
    }

    byte[] bytes(int count) throws ProtocolException {
        need(count);
        byte[] bytes = new byte[count];
        left.get(bytes);
        return bytes;
    }

    /** Text; what is not UTF-8 becomes U+FFFD. */
    String string() throws ProtocolException {
        return new String(bytes(count(1)), StandardCharsets.UTF_8);
    }

    /**
     * A list.
     *
     * @param smallest the least number of bytes an item takes; a count that cannot be true is refused at once
     */
    <T> List<T> list(int smallest, Item<T> item) throws ProtocolException {
        int count = count(smallest);
        List<T> items = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            items.add(item.read(this));
        }
        return items;
    }

    List<String> strings() throws ProtocolException {
        return list(Integer.BYTES, FrameReader::string);
    }

    Map<String, String> map() throws ProtocolException {
        int count = count(2 * Integer.BYTES);
        Map<String, String> map = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            map.put(string(), string());
        }
        return map;
    }

    /** The same payload for another reader, from where this one is. */
    FrameReader copy() {
        return new FrameReader(type, left.duplicate());
    }

    /** All that is left. */
    byte[] rest() {
        byte[] bytes = new byte[left.remaining()];
        left.get(bytes);
        return bytes;
    }

    /** Declares the payload read: what is left over is an error. */
    void end() throws ProtocolException {
        if (left.hasRemaining()) {
            throw broken("has " + left.remaining() + " bytes too many");
        }
    }

    private int count(int smallest) throws ProtocolException {
        long count = u32();
        if (count * smallest > left.remaining()) {
            throw broken("announces " + count + " items where " + left.remaining() + " bytes are left");
        }
        return (int) count;
    }

    private void need(int bytes) throws ProtocolException {
        if (left.remaining() < bytes) {
            throw broken("ends " + (bytes - left.remaining()) + " bytes too early");
        }
    }

    private ProtocolException broken(String how) {
        return new ProtocolException("a payload of " + type + " that " + how);
    }
}
