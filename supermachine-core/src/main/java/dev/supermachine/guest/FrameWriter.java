package dev.supermachine.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Builds a payload, field by field; the counterpart of {@link FrameReader}. What the caller cannot have in a request is an IllegalArgumentException. */
final class FrameWriter {

    private final String request;
    private ByteBuffer out = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);

    /** A payload for a request, named for messages. */
    FrameWriter(String request) {
        this.request = request;
    }

    FrameWriter u8(int value) {
        room(Byte.BYTES).put((byte) value);
        return this;
    }

    FrameWriter u16(int value) {
        room(Short.BYTES).putShort((short) value);
        return this;
    }

    FrameWriter u32(long value) {
        room(Integer.BYTES).putInt((int) value);
        return this;
    }

    FrameWriter u64(long value) {
        room(Long.BYTES).putLong(value);
        return this;
    }

    FrameWriter bytes(byte[] bytes) {
        room(bytes.length).put(bytes);
        return this;
    }

    FrameWriter string(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("The request to " + request + " contains a NUL character in \""
                    + text.replace('\0', '\u2400') + "\"; neither paths nor arguments can hold one");
        }
        ByteBuffer encoded;
        try {
            encoded = StandardCharsets.UTF_8
                    .newEncoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .encode(CharBuffer.wrap(text));
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(
                    "The request to " + request + " contains half a surrogate pair, which has no form in UTF-8", e);
        }
        u32(encoded.remaining());
        room(encoded.remaining()).put(encoded);
        return this;
    }

    FrameWriter strings(List<String> items) {
        u32(items.size());
        items.forEach(this::string);
        return this;
    }

    FrameWriter ports(List<Integer> ports) {
        u32(ports.size());
        ports.forEach(this::u16);
        return this;
    }

    FrameWriter map(Map<String, String> map) {
        u32(map.size());
        map.forEach((key, value) -> string(key).string(value));
        return this;
    }

    byte[] payload() {
        byte[] payload = new byte[out.position()];
        out.get(0, payload);
        return payload;
    }

    private ByteBuffer room(int bytes) {
        long wanted = (long) out.position() + bytes;
        if (wanted > Frame.MAX_PAYLOAD) {
            throw new IllegalArgumentException(
                    "The request to " + request + " does not fit into the " + Frame.MAX_PAYLOAD
                            + " bytes of a frame. Pass less by arguments and environment, and more by files");
        }
        if (out.remaining() < bytes) {
            int capacity = (int) Math.min(Frame.MAX_PAYLOAD, Math.max(wanted, 2L * out.capacity()));
            out = ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN).put(out.flip());
        }
        return out;
    }
}
