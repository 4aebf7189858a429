package dev.supermachine.engine.qemu;

import dev.supermachine.engine.Deadline;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import dev.supermachine.json.JsonWriter;
import dev.supermachine.text.ForeignText;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * QEMU's machine protocol: a JSON object a line each way, replies in the order of the commands, events in between. Every wait has a deadline. Thread-safe;
 * a command waits for the one before it.
 */
final class QmpClient implements Closeable {

    static final Duration DEADLINE = Duration.ofSeconds(30);

    private static final int MAX_LINE = 1 << 20;
    private static final int MAX_SHOWN = 200;
    private static final int MAX_EVENTS = 256;

    private final TimedSocket socket;
    private final ByteBuffer input = ByteBuffer.allocate(8192).flip();
    private final Deque<JsonDocument> events = new ArrayDeque<>();

    /** The beginning of a line whose rest has not come; kept when a deadline passes in between. */
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    private long lastId;

    QmpClient(TimedSocket socket) {
        this.socket = socket;
    }

    /**
     * Reads the greeting and leaves the negotiation mode.
     *
     * @param deadline until when QEMU must have started
     */
    synchronized void start(Deadline deadline) throws IOException {
        JsonDocument greeting = readMessage(deadline);
        if (!greeting.has("QMP")) {
            throw new IOException(
                    "QEMU's monitor sent no greeting, but " + ForeignText.line(greeting.toString(), MAX_SHOWN));
        }
        execute("qmp_capabilities", Map.of());
    }

    JsonDocument execute(String command, Map<String, ?> arguments) throws IOException {
        return execute(command, arguments, DEADLINE);
    }

    /**
     * Sends a command and waits for its reply.
     *
     * @return the whole reply, whose member {@code return} has the result
     * @throws QmpException if QEMU refuses the command
     * @throws IOException if it does not answer in time or has ended
     */
    synchronized JsonDocument execute(String command, Map<String, ?> arguments, Duration length) throws IOException {
        Deadline deadline = Deadline.in(length);
        long id = ++lastId;
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("execute", command);
        if (!arguments.isEmpty()) {
            message.put("arguments", arguments);
        }
        message.put("id", id);
        try {
            socket.write(
                    ByteBuffer.wrap((JsonWriter.compact(message) + "\n").getBytes(StandardCharsets.UTF_8)), deadline);
            while (true) {
                JsonDocument reply = readMessage(deadline);
                if (reply.has("event")) {
                    remember(reply);
                    continue;
                }
                if (reply.has("id") && reply.integer("id") != id) {
                    continue; // answers an earlier command, whose deadline had passed
                }
                if (reply.has("error")) {
                    throw new QmpException(command, reply.object("error").string("desc"));
                }
                if (reply.has("return")) {
                    return reply;
                }
            }
        } catch (JsonFormatException e) {
            throw new IOException("QEMU's answer to '" + command + "' has another form: " + e.getMessage(), e);
        } catch (SocketTimeoutException e) {
            throw new IOException("QEMU did not answer '" + command + "' within " + deadline, e);
        } catch (EOFException e) {
            throw new IOException("QEMU's monitor closed during '" + command + "'", e);
        }
    }

    /**
     * Waits for an event, or finds it among those that came while nobody waited.
     *
     * @param name the event
     * @param wanted looks at its data
     */
    synchronized JsonDocument awaitEvent(String name, Predicate<JsonDocument> wanted, Deadline deadline)
            throws IOException {
        try {
            while (true) {
                JsonDocument event = events.isEmpty() ? readMessage(deadline) : events.removeFirst();
                if (event.optionalString("event").filter(name::equals).isPresent()
                        && wanted.test(event.object("data"))) {
                    return event.object("data");
                }
            }
        } catch (JsonFormatException e) {
            throw new IOException("QEMU's report of " + name + " has another form: " + e.getMessage(), e);
        } catch (SocketTimeoutException e) {
            throw new IOException("QEMU did not report " + name + " within " + deadline, e);
        } catch (EOFException e) {
            throw new IOException("QEMU's monitor closed before it reported " + name, e);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private void remember(JsonDocument event) {
        if (events.size() == MAX_EVENTS) {
            events.removeFirst();
        }
        events.addLast(event);
    }

    private JsonDocument readMessage(Deadline deadline) throws IOException {
        while (true) {
            while (input.hasRemaining()) {
                byte next = input.get();
                if (next != '\n') {
                    line.write(next);
                    continue;
                }
                String text = line.toString(StandardCharsets.UTF_8);
                line.reset();
                if (!text.isBlank()) {
                    return parse(text);
                }
            }
            if (line.size() > MAX_LINE) {
                throw new IOException("QEMU's monitor sent a line of more than " + MAX_LINE + " bytes");
            }
            input.clear();
            int count;
            try {
                count = socket.read(input, deadline);
            } finally {
                input.flip();
            }
            if (count < 0) {
                throw new EOFException("QEMU's monitor closed");
            }
        }
    }

    private static JsonDocument parse(String text) throws IOException {
        try {
            return JsonDocument.parse(text);
        } catch (JsonFormatException e) {
            throw new IOException("QEMU's monitor sent what is no JSON object: " + e.getMessage(), e);
        }
    }
}
