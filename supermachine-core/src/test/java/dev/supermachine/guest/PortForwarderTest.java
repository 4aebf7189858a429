package dev.supermachine.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.testing.Background;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Forwarding over the real agent, as a process of this host, to a server of this host. */
@Timeout(120)
class PortForwarderTest {

    @TempDir
    Path directory;

    private final AtomicReference<@Nullable GuestClient> guest = new AtomicReference<>();
    private HostedAgent agent;
    private ServerSocket server;
    private ServerSocketChannel listener;
    private PortForwarder forwarder;

    @BeforeEach
    void start() throws IOException {
        agent = HostedAgent.greeted(directory);
        guest.set(agent.client());
        server = new ServerSocket(0, 300, InetAddress.getLoopbackAddress());
        listener = ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 300);
        forwarder = new PortForwarder(listener, server.getLocalPort(), "test", guest::get);
    }

    @AfterEach
    void end() throws IOException {
        forwarder.close();
        server.close();
        agent.close();
    }

    @Test
    void carriesBothDirectionsWithHalfClose() throws Exception {
        byte[] bytes = new byte[3_000_000];
        new Random(3).nextBytes(bytes);
        try (Socket client = connect();
                Socket served = server.accept()) {
            CompletableFuture<Void> echo = Background.run(() -> echo(served));
            CompletableFuture<Void> writing = Background.run(() -> send(client, bytes));

            assertThat(client.getInputStream().readAllBytes()).isEqualTo(bytes);
            writing.get();
            echo.get();
        }
        await().untilAsserted(() -> agent.client().freeze(HostedAgent.WAIT));
    }

    @Test
    void whatTheGuestRefusesIsReset() throws IOException {
        server.close();
        try (Socket client = connect()) {
            assertReset(client);
        }
    }

    @Test
    void withoutAGuestAConnectionIsReset() throws IOException {
        guest.set(null);
        try (Socket client = connect()) {
            assertReset(client);
        }
    }

    @Test
    void theNextGuestGetsTheNextConnections() throws Exception {
        try (HostedAgent next = HostedAgent.greeted(directory);
                Socket old = connect();
                Socket oldServed = server.accept()) {
            old.getOutputStream().write(1);
            assertThat(oldServed.getInputStream().read()).isEqualTo(1);
            guest.set(next.client());
            forwarder.disconnectAll();

            assertReset(old);
            agent.client().close();
            try (Socket fresh = connect();
                    Socket freshServed = server.accept()) {
                fresh.getOutputStream().write(2);
                assertThat(freshServed.getInputStream().read()).isEqualTo(2);
            }
        }
    }

    @Test
    void theEndOfTheGuestResetsItsConnections() throws IOException {
        try (Socket client = connect();
                Socket served = server.accept()) {
            served.getOutputStream().write(5);
            assertThat(client.getInputStream().read()).isEqualTo(5);
            agent.client().close();
            assertReset(client);
        }
    }

    @Test
    void aResetByTheClientReachesTheServer() throws IOException {
        Socket client = connect();
        try (Socket served = server.accept()) {
            served.getOutputStream().write(5);
            assertThat(client.getInputStream().read()).isEqualTo(5);
            client.setSoLinger(true, 0);
            client.close();
            assertReset(served);
        }
    }

    @Test
    void moreThanTheLimitIsResetAndTheRestGoesOn() throws IOException {
        List<Socket> open = new ArrayList<>();
        try {
            for (int i = 0; i < PortForwarder.MAX_CONNECTIONS; i++) {
                Socket client = connect();
                open.add(client);
                open.add(server.accept());
            }
            try (Socket tooMany = connect()) {
                assertReset(tooMany);
            }
            Socket last = open.get(open.size() - 2);
            last.getOutputStream().write(9);
            assertThat(open.get(open.size() - 1).getInputStream().read()).isEqualTo(9);
        } finally {
            for (Socket socket : open) {
                socket.close();
            }
        }
    }

    @Test
    void closingEndsTheListenerAndItsConnections() throws IOException {
        try (Socket client = connect();
                Socket served = server.accept()) {
            served.getOutputStream().write(5);
            assertThat(client.getInputStream().read()).isEqualTo(5);
            forwarder.close();
            assertReset(client);
            assertThat(listener.isOpen()).isFalse();
        }
    }

    private Socket connect() throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), listener.socket().getLocalPort());
    }

    private static void assertReset(Socket client) {
        assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
    }

    private static void echo(Socket socket) {
        try {
            socket.getInputStream().transferTo(socket.getOutputStream());
            socket.shutdownOutput();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void send(Socket socket, byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
            socket.shutdownOutput();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
