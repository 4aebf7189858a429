package dev.supermachine.bake;

import dev.supermachine.MachineException;
import dev.supermachine.Wait;
import dev.supermachine.engine.Deadline;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.guest.GuestConnection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/** One GET request (RFC 9112) on a connection of its own, and as much of its answer as is needed. The guest is not trusted: what is read is bounded. */
final class HttpAttempt implements Attempt {

    /** Loopback connects at once or not at all, unless the server's queue is full. */
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

    private final GuestConnection connection;
    private final Wait.Http wait;
    private final Deadline deadline;
    private final ByteArrayOutputStream answer = new ByteArrayOutputStream();
    private boolean ended;

    /**
     * Connects and sends the request.
     *
     * @throws dev.supermachine.MachineException if nobody takes the connection
     */
    HttpAttempt(GuestClient guest, Wait.Http wait, int port, Duration timeout) {
        this.wait = wait;
        this.deadline = Deadline.in(timeout);
        this.connection = guest.connect(port, CONNECT_TIMEOUT);
        String request = "GET " + wait.path() + " HTTP/1.1\r\nHost: localhost:" + port
                + "\r\nUser-Agent: supermachine\r\nAccept: */*\r\nConnection: close\r\n\r\n";
        try {
            connection.output().write(request.getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            // whoever ends the connection at once may have answered all the same
            ended = true;
        }
    }

    @Override
    public Optional<Outcome> poll() {
        try {
            int count = 1;
            while (count > 0 && answer.size() < HttpAnswer.MOST_BYTES) {
                count = connection.poll(Duration.ZERO, answer);
            }
            ended |= count < 0 || answer.size() >= HttpAnswer.MOST_BYTES || deadline.isOver();
        } catch (IOException e) {
            throw new UncheckedIOException("A buffer in memory failed", e);
        } catch (MachineException e) {
            // a server may answer and reset at once
            if (answer.size() == 0) {
                throw e;
            }
            ended = true;
        }
        HttpAnswer got = HttpAnswer.of(answer.toByteArray());
        boolean enough = wait.body().isPresent() ? got.complete() : got.headComplete();
        if (!ended && !enough && !got.broken()) {
            return Optional.empty();
        }
        boolean met = got.status().equals(Optional.of(wait.status()))
                && got.headComplete()
                && wait.body()
                        .map(regex -> Pattern.compile(regex).matcher(got.body()).find())
                        .orElse(true);
        String late = !enough && deadline.isOver() ? " (not complete after " + deadline + ")" : "";
        return Optional.of(new Outcome(met, got.describe() + late));
    }

    @Override
    public void close() {
        connection.close();
    }
}
