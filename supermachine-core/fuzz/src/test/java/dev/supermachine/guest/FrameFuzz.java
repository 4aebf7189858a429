package dev.supermachine.guest;

import dev.supermachine.fuzz.Oracle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Any bytes as frames: those that are understood are the bytes they came from, and their payloads are read to the end or refused. */
public final class FrameFuzz {

    private FrameFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        ByteBuffer buffer = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
        try {
            int from = 0;
            for (Frame frame = FrameCodec.decode(buffer); frame != null; frame = FrameCodec.decode(buffer)) {
                byte[] bytes = Arrays.copyOfRange(input, from, buffer.position());
                Oracle.requireEqual(ByteBuffer.wrap(bytes), FrameCodec.encode(frame), "a frame decoded and encoded");
                from = buffer.position();
                payload(frame);
            }
            Oracle.requireEqual(from, buffer.position(), "position at an incomplete frame");
        } catch (ProtocolException e) {
            Oracle.requireGoodMessage(e);
        }
    }

    private interface Read {
        @Nullable
        Object from(FrameReader reader) throws ProtocolException;
    }

    private static void payload(Frame frame) {
        read(frame, FrameReader::string);
        read(frame, FrameReader::strings);
        read(frame, FrameReader::map);
        read(frame, reader -> reader.list(2, FrameReader::u16));
        read(frame, reader -> reader.u8() + reader.u16() + reader.u32() + reader.u64() + reader.s64());
        read(frame, reader -> {
            byte[] rest = reader.copy().rest();
            Oracle.require(Arrays.equals(rest, frame.payload()), "the rest of a payload is not the payload");
            return rest;
        });
    }

    private static void read(Frame frame, Read read) {
        try {
            FrameReader reader = new FrameReader(frame);
            read.from(reader);
            reader.end();
        } catch (ProtocolException e) {
            Oracle.requireGoodMessage(e);
        }
    }
}
