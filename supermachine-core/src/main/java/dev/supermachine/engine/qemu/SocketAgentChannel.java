package dev.supermachine.engine.qemu;

import dev.supermachine.engine.Channel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** The agent's virtio port, which QEMU connects to a unix socket of ours. The channel is in blocking mode: closing it ends whoever waits. */
final class SocketAgentChannel implements Channel {

    private final SocketChannel socket;
    private final Runnable atEnd;

    /**
     * A channel.
     *
     * @param socket connected
     * @param atEnd run before the end is reported to the reader
     */
    SocketAgentChannel(SocketChannel socket, Runnable atEnd) {
        this.socket = socket;
        this.atEnd = atEnd;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        int count = socket.read(target);
        if (count < 0) {
            atEnd.run();
        }
        return count;
    }

    @Override
    public void write(ByteBuffer source) throws IOException {
        while (source.hasRemaining()) {
            socket.write(source);
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot close the agent's channel", e);
        }
    }
}
