package dev.supermachine.guest;

import dev.supermachine.engine.Channel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Reads a channel to its end on a thread of its own, and hands each frame to whom it is for. Never sends: see {@link AgentLink}. */
final class FrameReceiver implements Runnable {

    private final Channel channel;
    private final AgentLink link;
    private final ControlCalls control;
    private final Streams streams;

    FrameReceiver(Channel channel, AgentLink link, ControlCalls control, Streams streams) {
        this.channel = channel;
        this.link = link;
        this.control = control;
        this.streams = streams;
    }

    @Override
    public void run() {
        ByteBuffer buffer = ByteBuffer.allocate(2 * (Frame.HEADER_BYTES + Frame.MAX_PAYLOAD))
                .order(ByteOrder.LITTLE_ENDIAN);
        try {
            while (channel.read(buffer) >= 0) {
                buffer.flip();
                for (Frame frame = FrameCodec.decode(buffer); frame != null; frame = FrameCodec.decode(buffer)) {
                    dispatch(frame);
                }
                buffer.compact();
            }
            link.channelEnded(
                    buffer.position() == 0
                            ? "its agent has ended the connection: the guest has powered off, crashed or was ended"
                            : "the connection to its agent ended in the middle of a frame",
                    null);
        } catch (ProtocolException e) {
            link.takeDown("its agent broke the protocol: " + e.getMessage() + ". The machine is not used any more", e);
        } catch (IOException e) {
            link.channelEnded("the channel to its agent failed: " + e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            link.takeDown("reading from its agent failed inside this library: " + e, e);
            throw e;
        }
    }

    private void dispatch(Frame frame) throws ProtocolException {
        if (!frame.type().fromGuest()) {
            throw new ProtocolException("a frame of " + frame.type() + ", which only the host sends");
        }
        if (frame.epoch() != link.epoch()) {
            return;
        }
        if (frame.type().ofStream()) {
            streams.receive(frame);
        } else {
            control.receive(frame);
        }
    }
}
