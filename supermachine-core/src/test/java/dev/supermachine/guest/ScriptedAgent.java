package dev.supermachine.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The far end of a client's channel, saying what a test wants it to say, right or wrong. */
final class ScriptedAgent implements AutoCloseable {

    private final PipeChannel channel;
    private final ByteBuffer buffer =
            ByteBuffer.allocate(2 * (Frame.HEADER_BYTES + Frame.MAX_PAYLOAD)).order(ByteOrder.LITTLE_ENDIAN);
    private int epoch;

    ScriptedAgent(PipeChannel channel) {
        this.channel = channel;
    }

    /** The next frame of the host, which is to be of a type. */
    Frame expect(FrameType type) {
        Frame frame = next();
        if (frame.type() != type) {
            throw new AssertionError("expected " + type + " from the host, but got " + frame);
        }
        return frame;
    }

    Frame next() {
        try {
            while (true) {
                buffer.flip();
                Frame frame = FrameCodec.decode(buffer);
                buffer.compact();
                if (frame != null) {
                    return frame;
                }
                if (channel.read(buffer) < 0) {
                    throw new AssertionError("the host has closed the channel");
                }
            }
        } catch (ProtocolException e) {
            throw new AssertionError("the host broke the protocol", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void epoch(int next) {
        epoch = next;
    }

    void control(FrameType type, FrameWriter payload) {
        send(Frame.control(type, epoch, payload.payload()));
    }

    void stream(FrameType type, int subchannel, int stream, byte[] payload) {
        send(Frame.ofStream(type, subchannel, stream, epoch, payload));
    }

    /** Answers the next OPEN and says its number. */
    int acceptOpen(FrameWriter opened) {
        Frame open = expect(FrameType.OPEN);
        stream(FrameType.OPENED, 0, open.stream(), opened.payload());
        return open.stream();
    }

    void send(Frame frame) {
        raw(FrameCodec.encode(frame));
    }

    void raw(ByteBuffer bytes) {
        try {
            channel.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static FrameWriter payload() {
        return new FrameWriter("test");
    }

    @Override
    public void close() {
        channel.close();
    }
}
