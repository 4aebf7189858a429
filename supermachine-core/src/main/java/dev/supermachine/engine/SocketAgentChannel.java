package dev.supermachine.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * The agent's port at a unix socket. The channel is in blocking mode: closing it ends whoever waits.
 *
 * @since 0.1
 */
public final class SocketAgentChannel implements Channel {

    private final SocketChannel socket;

    /**
     * A channel over a socket.
     *
     * @param socket connected, in blocking mode; from now on closed by this channel
     */
    public SocketAgentChannel(SocketChannel socket) {
        this.socket = socket;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        return socket.read(target);
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
