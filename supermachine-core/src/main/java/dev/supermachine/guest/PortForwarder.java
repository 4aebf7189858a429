package dev.supermachine.guest;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Passes connections from a listener on this host on to a port of whichever guest is there at the moment. The listener outlives guests: when one is swapped
 * for the next, {@link #disconnectAll()} ends the connections of the one before at once, and new connections reach the next.
 *
 * <p>Where the guest refuses, or none is there, the client's connection is reset. Runs on daemon threads of its own; ends when the listener is closed.
 *
 * @since 0.1
 */
public final class PortForwarder implements AutoCloseable {

    /** How many connections are passed on at once; further ones are reset, and the log says so. */
    public static final int MAX_CONNECTIONS = 200;

    /** After a failed accept, so that a lack of file descriptors is not also one of CPU time. */
    private static final long PAUSE_NANOS = 50_000_000;

    private static final Logger LOG = LoggerFactory.getLogger(PortForwarder.class);

    private final ServerSocketChannel listener;
    private final int guestPort;
    private final String name;
    private final Supplier<@Nullable GuestClient> guest;
    private final Set<ForwardedConnection> connections = new HashSet<>();

    /**
     * Starts to accept.
     *
     * @param listener bound and in blocking mode; closing it, here or elsewhere, ends the forwarder
     * @param guestPort the port in the guest
     * @param name of whom it works for, for thread names and the log
     * @param guest gives the guest of the moment, or null if there is none
     */
    public PortForwarder(
            ServerSocketChannel listener, int guestPort, String name, Supplier<@Nullable GuestClient> guest) {
        this.listener = listener;
        this.guestPort = guestPort;
        this.name = "supermachine-port-" + name + "-" + guestPort;
        this.guest = guest;
        Thread acceptor = new Thread(this::accept, this.name);
        acceptor.setDaemon(true);
        acceptor.start();
    }

    /** Ends every connection at once; those who use them see a reset. New ones are accepted as before. */
    public void disconnectAll() {
        List<ForwardedConnection> all;
        synchronized (connections) {
            all = new ArrayList<>(connections);
        }
        all.forEach(ForwardedConnection::reset);
    }

    /** Closes the listener and every connection. Further calls do nothing. */
    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            LOG.debug("{}: closing the listener failed", name, e);
        }
        disconnectAll();
    }

    private void accept() {
        while (true) {
            SocketChannel client;
            try {
                client = listener.accept();
            } catch (ClosedChannelException e) {
                disconnectAll();
                return;
            } catch (IOException e) {
                if (!listener.isOpen()) {
                    return;
                }
                // Such as too many open files: the one connection is lost, the next may do.
                LOG.warn("{}: a connection could not be accepted: {}", name, e.getMessage());
                LockSupport.parkNanos(PAUSE_NANOS);
                continue;
            }
            begin(client);
        }
    }

    private void begin(SocketChannel client) {
        ForwardedConnection connection = new ForwardedConnection(client, guestPort, name, this::remove);
        synchronized (connections) {
            if (connections.size() < MAX_CONNECTIONS) {
                connections.add(connection);
            } else {
                LOG.warn(
                        "{}: {} connections are open at once, which is the limit; one more was reset. Close connections that"
                                + " are not needed, or use a smaller client pool",
                        name,
                        MAX_CONNECTIONS);
                connection.reset();
                return;
            }
        }
        connection.start(guest);
    }

    private void remove(ForwardedConnection connection) {
        synchronized (connections) {
            connections.remove(connection);
        }
    }
}
