package dev.supermachine.pool;

import dev.supermachine.guest.GuestClient;
import dev.supermachine.guest.PortForwarder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What outlives the machines behind it: the loopback listeners for the guest's ports. Machines are swapped by resets while the ports stay, so that an address
 * given to a client remains right. Thread-safe.
 */
final class Lease implements AutoCloseable {

    private static final int BACKLOG = 128;

    private final String name;
    private final Map<Integer, Listener> listeners = new LinkedHashMap<>();
    private volatile @Nullable GuestClient guest;
    private boolean closed;

    Lease(String name) {
        this.name = name;
    }

    String host() {
        return InetAddress.getLoopbackAddress().getHostAddress();
    }

    /** The listener's port for a port of the guest, made when first asked for. */
    synchronized int mappedPort(int guestPort) {
        if (guestPort < 1 || guestPort > 65535) {
            throw new IllegalArgumentException("A TCP port is 1 to 65535, but was: " + guestPort);
        }
        if (closed) {
            throw new IllegalStateException(
                    "The machine '" + name + "' was given up: its holder has closed it, or its pool was closed.");
        }
        return listeners.computeIfAbsent(guestPort, this::listen).port();
    }

    /** The ports that are mapped, those of the guest to those of this host. */
    synchronized Map<Integer, Integer> ports() {
        Map<Integer, Integer> ports = new LinkedHashMap<>();
        listeners.forEach((guestPort, listener) -> ports.put(guestPort, listener.port()));
        return ports;
    }

    /** The same ports as in another process, which has closed them. */
    synchronized void reopen(Map<Integer, Integer> ports) {
        ports.forEach((guestPort, port) -> listeners.put(guestPort, listen(guestPort, port)));
    }

    /** New connections reach this guest from now on. */
    void attach(GuestClient next) {
        guest = next;
    }

    /** Ends every connection; new ones are refused until {@link #attach(GuestClient)}. */
    synchronized void detach() {
        guest = null;
        listeners.values().forEach(listener -> listener.forwarder().disconnectAll());
    }

    @Override
    public synchronized void close() {
        closed = true;
        guest = null;
        listeners.values().forEach(listener -> listener.forwarder().close());
        listeners.clear();
    }

    private Listener listen(int guestPort) {
        return listen(guestPort, 0);
    }

    private Listener listen(int guestPort, int wanted) {
        try {
            ServerSocketChannel channel = ServerSocketChannel.open();
            try {
                channel.bind(new InetSocketAddress(host(), wanted), BACKLOG);
                int port = ((InetSocketAddress) channel.getLocalAddress()).getPort();
                return new Listener(port, new PortForwarder(channel, guestPort, name, () -> guest));
            } catch (IOException | RuntimeException | Error e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "No loopback port could be opened for port " + guestPort + " of the machine '" + name + "'.", e);
        }
    }

    private record Listener(int port, PortForwarder forwarder) {}
}
