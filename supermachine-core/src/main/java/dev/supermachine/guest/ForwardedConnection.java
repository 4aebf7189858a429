package dev.supermachine.guest;

import dev.supermachine.SupermachineException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of a {@link PortForwarder}: a socket here, a stream to the guest, and two threads that pump. A direction that ends is ended on the other
 * side too, while the other direction goes on; anything that fails resets both sides.
 */
final class ForwardedConnection {

    private static final Logger LOG = LoggerFactory.getLogger(ForwardedConnection.class);

    private final SocketChannel client;
    private final int guestPort;
    private final String name;
    private final Consumer<ForwardedConnection> onEnd;
    private @Nullable GuestConnection inGuest;
    private int directionsEnded;
    private boolean over;

    ForwardedConnection(SocketChannel client, int guestPort, String name, Consumer<ForwardedConnection> onEnd) {
        this.client = client;
        this.guestPort = guestPort;
        this.name = name;
        this.onEnd = onEnd;
    }

    void start(Supplier<@Nullable GuestClient> guest) {
        daemon("-in", () -> toGuest(guest));
    }

    /** Ends both sides at once. Further calls do nothing. */
    void reset() {
        end(true);
    }

    private void toGuest(Supplier<@Nullable GuestClient> guest) {
        GuestConnection connected = connect(guest);
        if (connected == null) {
            reset();
            return;
        }
        daemon("-out", () -> fromGuest(connected));
        pump("to", () -> {
            OutputStream out = connected.output();
            ByteBuffer buffer = ByteBuffer.allocate(GuestStream.CHUNK);
            while (client.read(buffer) >= 0) {
                out.write(buffer.array(), 0, buffer.position());
                buffer.clear();
            }
            connected.shutdownOutput();
        });
    }

    private @Nullable GuestConnection connect(Supplier<@Nullable GuestClient> guest) {
        try {
            client.setOption(StandardSocketOptions.TCP_NODELAY, true);
            GuestClient now = guest.get();
            if (now == null) {
                LOG.debug("{}: no guest is there; a connection was reset", name);
                return null;
            }
            GuestConnection connected = now.connect(guestPort);
            synchronized (this) {
                if (!over) {
                    inGuest = connected;
                    return connected;
                }
            }
            connected.close();
        } catch (SupermachineException | IOException e) {
            LOG.debug("{}: a connection was reset: {}", name, e.getMessage());
        }
        return null;
    }

    private void fromGuest(GuestConnection connected) {
        pump("from", () -> {
            InputStream in = connected.input();
            byte[] bytes = new byte[GuestStream.CHUNK];
            for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
                ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, count);
                while (buffer.hasRemaining()) {
                    client.write(buffer);
                }
            }
            client.shutdownOutput();
        });
    }

    private interface Direction {
        void run() throws IOException;
    }

    private void pump(String which, Direction direction) {
        try {
            direction.run();
            directionEnded();
        } catch (IOException | SupermachineException e) {
            LOG.debug("{}: the direction {} the guest ended: {}", name, which, e.getMessage());
            reset();
        }
    }

    private void directionEnded() {
        boolean both;
        synchronized (this) {
            both = ++directionsEnded == 2;
        }
        if (both) {
            end(false);
        }
    }

    private void end(boolean hard) {
        GuestConnection connected;
        synchronized (this) {
            if (over) {
                return;
            }
            over = true;
            connected = inGuest;
        }
        try {
            if (hard) {
                client.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
            client.close();
        } catch (IOException e) {
            LOG.debug("{}: closing a connection failed", name, e);
        }
        if (connected != null) {
            connected.close();
        }
        onEnd.accept(this);
    }

    private void daemon(String suffix, Runnable work) {
        Thread thread = new Thread(work, name + suffix);
        thread.setDaemon(true);
        thread.start();
    }
}
