package dev.supermachine.engine.qemu;

import dev.supermachine.engine.Deadline;
import java.io.Closeable;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/** A unix socket whose every wait has a deadline. Used by one thread at a time; {@link #close()} by any. */
final class TimedSocket implements Closeable {

    /** How often a wait looks whether the other side still lives. */
    private static final long LOOK_MILLIS = 100;

    private final SocketChannel channel;
    private final Selector selector;

    TimedSocket(SocketChannel channel) throws IOException {
        this.channel = channel;
        channel.configureBlocking(false);
        selector = Selector.open();
        channel.register(selector, 0);
    }

    /** A listening socket for one connection. */
    static ServerSocketChannel listen(Path path) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            server.bind(UnixDomainSocketAddress.of(path), 1);
            return server;
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
    }

    static TimedSocket connect(Path path) throws IOException {
        return new TimedSocket(SocketChannel.open(UnixDomainSocketAddress.of(path)));
    }

    /**
     * Waits for a connection.
     *
     * @param alive whether the process that is to connect still runs
     * @return the connection, in blocking mode
     */
    static SocketChannel accept(ServerSocketChannel server, Deadline deadline, BooleanSupplier alive)
            throws IOException {
        server.configureBlocking(false);
        try (Selector selector = Selector.open()) {
            server.register(selector, SelectionKey.OP_ACCEPT);
            while (true) {
                boolean running = alive.getAsBoolean();
                SocketChannel accepted = server.accept();
                if (accepted != null) {
                    return accepted;
                }
                if (!running) {
                    throw new IOException("the process ended before it connected");
                }
                if (deadline.isOver()) {
                    throw new SocketTimeoutException("no connection within " + deadline);
                }
                selector.select(Math.min(LOOK_MILLIS, deadline.remainingMillis()));
                selector.selectedKeys().clear();
            }
        }
    }

    /** Waits for at least one byte; -1 at the end. */
    int read(ByteBuffer target, Deadline deadline) throws IOException {
        while (true) {
            int count = channel.read(target);
            if (count != 0) {
                return count;
            }
            await(SelectionKey.OP_READ, deadline);
        }
    }

    void write(ByteBuffer source, Deadline deadline) throws IOException {
        while (source.hasRemaining()) {
            if (channel.write(source) == 0) {
                await(SelectionKey.OP_WRITE, deadline);
            }
        }
    }

    void shutdownOutput() throws IOException {
        channel.shutdownOutput();
    }

    @Override
    public void close() throws IOException {
        channel.close();
        selector.close();
    }

    private void await(int operation, Deadline deadline) throws IOException {
        if (deadline.isOver()) {
            throw new SocketTimeoutException("no answer within " + deadline);
        }
        try {
            SelectionKey key = channel.keyFor(selector);
            if (key == null) {
                throw new AsynchronousCloseException();
            }
            key.interestOps(operation);
            selector.select(deadline.remainingMillis());
            selector.selectedKeys().clear();
        } catch (ClosedSelectorException | CancelledKeyException e) {
            throw (IOException) new AsynchronousCloseException().initCause(e);
        }
    }
}
