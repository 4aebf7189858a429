package dev.supermachine.engine.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.engine.Deadline;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client against bytes of our own making; against QEMU itself it is tested by the contract. */
@Timeout(60)
class QmpClientTest {

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(50);

    @TempDir
    private Path directory;

    private SocketChannel peer;
    private QmpClient client;

    @BeforeEach
    void connect() throws IOException {
        Path path = directory.resolve("q");
        try (ServerSocketChannel server = TimedSocket.listen(path)) {
            client = new QmpClient(TimedSocket.connect(path));
            peer = server.accept();
        }
    }

    @AfterEach
    void close() throws IOException {
        client.close();
        peer.close();
    }

    @Test
    void findsItsReplyBehindEventsBlankLinesAndOldReplies() throws IOException {
        say(
                "\r\n{\"event\": \"STOP\", \"data\": {}}\r\n{\"return\": {}, \"id\": 7}\n{\"return\": {\"running\": true}, \"id\": 1}\n");
        assertThat(client.execute("query-status", Map.of(), LONG)
                        .object("return")
                        .bool("running", false))
                .isTrue();
        assertThat(heard()).isEqualTo("{\"execute\":\"query-status\",\"id\":1}\n");
    }

    @Test
    void sendsArgumentsAsJson() throws IOException {
        say("{\"return\": {}, \"id\": 1}\n");
        client.execute("migrate", Map.of("uri", "unix:/a \"quoted\" path"), LONG);
        assertThat(heard())
                .isEqualTo(
                        "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"unix:/a \\\"quoted\\\" path\"},\"id\":1}\n");
    }

    @Test
    void tellsWhatQemuRefused() throws IOException {
        say(
                "{\"error\": {\"class\": \"GenericError\", \"desc\": \"There's a migration process in progress\"}, \"id\": 1}\n");
        assertThatThrownBy(() -> client.execute("migrate", Map.of(), LONG))
                .isInstanceOf(QmpException.class)
                .hasMessage("QEMU refused 'migrate': There's a migration process in progress");
    }

    @Test
    void namesTheCommandThatGotNoAnswer() {
        assertThatThrownBy(() -> client.execute("stop", Map.of(), SHORT))
                .isInstanceOf(IOException.class)
                .hasMessage("QEMU did not answer 'stop' within 50 ms");
    }

    @Test
    void readsOnWhereADeadlineCutALine() throws IOException {
        say("{\"return\": {}, ");
        assertThatThrownBy(() -> client.execute("stop", Map.of(), SHORT)).isInstanceOf(IOException.class);
        say("\"id\": 1}\n{\"return\": {}, \"id\": 2}\n");
        assertThat(client.execute("stop", Map.of(), LONG).integer("id")).isEqualTo(2);
    }

    @Test
    void namesTheCommandDuringWhichQemuEnded() throws IOException {
        peer.shutdownOutput();
        assertThatThrownBy(() -> client.execute("cont", Map.of(), LONG))
                .isInstanceOf(IOException.class)
                .hasMessage("QEMU's monitor closed during 'cont'");
    }

    @Test
    void remembersEventsThatCameBeforeAnyoneWaited() throws IOException {
        say("{\"event\": \"MIGRATION\", \"data\": {\"status\": \"setup\"}}\n");
        say("{\"event\": \"MIGRATION\", \"data\": {\"status\": \"completed\"}}\n");
        say("{\"return\": {}, \"id\": 1}\n");
        client.execute("migrate", Map.of(), LONG);
        assertThat(client.awaitEvent("MIGRATION", data -> data.toString().contains("completed"), Deadline.in(LONG))
                        .string("status"))
                .isEqualTo("completed");
        assertThatThrownBy(() -> client.awaitEvent("MIGRATION", data -> true, Deadline.in(SHORT)))
                .hasMessage("QEMU did not report MIGRATION within 50 ms");
    }

    @Test
    void refusesAGreetingThatIsNone() throws IOException {
        say("{\"hello\": 1}\n");
        assertThatThrownBy(() -> client.start(Deadline.in(LONG)))
                .isInstanceOf(IOException.class)
                .hasMessage("QEMU's monitor sent no greeting, but {\"hello\":1}");
    }

    @Test
    void refusesAnEndlessLine() throws IOException {
        Thread writer = new Thread(() -> {
            try {
                for (int i = 0; i < 64; i++) {
                    say("x".repeat(32 * 1024));
                }
            } catch (IOException e) {
                // the client has had enough and closed
            }
        });
        writer.start();
        assertThatThrownBy(() -> client.execute("stop", Map.of(), LONG))
                .hasMessage("QEMU's monitor sent a line of more than 1048576 bytes");
        client.close();
    }

    /** Whatever comes, the outcome is a reply or an IOException. */
    @Test
    void survivesDamagedReplies() throws IOException {
        Random random = new Random(20_261_124);
        byte[] good = "{\"event\": \"STOP\", \"data\": {\"a\": [1, null]}}\n{\"return\": {}, \"id\": 1}\n"
                .getBytes(StandardCharsets.UTF_8);
        int refused = 0;
        for (int round = 0; round < 500; round++) {
            byte[] bad = good.clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
            }
            peer.write(ByteBuffer.wrap(bad));
            peer.shutdownOutput();
            try {
                client.execute("stop", Map.of(), LONG);
            } catch (IOException e) {
                refused++;
                assertThat(e).hasMessageContaining("QEMU");
            }
            close();
            Files.delete(directory.resolve("q"));
            connect();
        }
        assertThat(refused).isBetween(100, 499);
    }

    private void say(String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            peer.write(bytes);
        }
    }

    private String heard() throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(4096);
        peer.read(buffer);
        return new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8);
    }
}
