package dev.supermachine.engine.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.engine.Deadline;
import dev.supermachine.testing.Background;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TimedSocketTest {

    private static final Deadline FAR = Deadline.in(Duration.ofMinutes(5));

    @TempDir
    private Path directory;

    private Path path;

    @BeforeEach
    void name() {
        path = directory.resolve("s");
    }

    @Test
    @SuppressWarnings("try") // closing it early is what is tested
    void closingEndsAWait() throws IOException {
        try (ServerSocketChannel server = TimedSocket.listen(path);
                TimedSocket socket = TimedSocket.connect(path);
                SocketChannel peer = server.accept()) {
            CompletableFuture<Integer> reader = Background.supply(() -> {
                try {
                    return socket.read(ByteBuffer.allocate(1), FAR);
                } catch (IOException e) {
                    throw new CompletionException(e);
                }
            });
            await().during(Duration.ofMillis(100)).until(() -> !reader.isDone() && peer.isOpen());
            socket.close();
            await().until(reader::isDone);
            assertThatThrownBy(reader::join)
                    .cause()
                    .isInstanceOfAny(AsynchronousCloseException.class, ClosedChannelException.class);
        }
    }

    @Test
    void readAndWriteEndAtTheirDeadline() throws IOException {
        try (ServerSocketChannel server = TimedSocket.listen(path);
                TimedSocket socket = TimedSocket.connect(path);
                SocketChannel peer = server.accept()) {
            assertThatThrownBy(() -> socket.read(ByteBuffer.allocate(1), Deadline.in(Duration.ofMillis(20))))
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessage("no answer within 20 ms");
            assertThatThrownBy(() -> socket.write(ByteBuffer.allocate(8 << 20), Deadline.in(Duration.ofMillis(20))))
                    .isInstanceOf(SocketTimeoutException.class);
            assertThat(peer.isConnected()).isTrue();
        }
    }

    @Test
    void acceptEndsWithTheProcessOrAtItsDeadline() throws IOException {
        try (ServerSocketChannel server = TimedSocket.listen(path)) {
            assertThatThrownBy(() -> TimedSocket.accept(server, FAR, () -> false))
                    .isInstanceOf(IOException.class)
                    .hasMessage("the process ended before it connected");
            assertThatThrownBy(() -> TimedSocket.accept(server, Deadline.in(Duration.ofMillis(20)), () -> true))
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessage("no connection within 20 ms");
        }
    }

    @Test
    void connectionOfAProcessThatEndedAtOnceIsStillTaken() throws IOException {
        try (ServerSocketChannel server = TimedSocket.listen(path);
                TimedSocket socket = TimedSocket.connect(path)) {
            try (SocketChannel accepted = TimedSocket.accept(server, FAR, () -> false)) {
                assertThat(accepted.isBlocking()).isTrue();
            }
            assertThat(socket.read(ByteBuffer.allocate(1), FAR)).isEqualTo(-1);
        }
    }
}
