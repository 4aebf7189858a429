package dev.supermachine.guest;

import dev.supermachine.engine.Deadline;
import java.time.Duration;
import java.util.List;

/** Requests that open a stream, other than those about files: commands, connections and watches. Thread-safe. */
final class StreamCalls {

    private static final Duration LONGEST = Duration.ofDays(10_000);

    private final AgentLink link;
    private final Streams streams;

    StreamCalls(AgentLink link, Streams streams) {
        this.link = link;
        this.streams = streams;
    }

    GuestProcess exec(ExecRequest request) {
        String operation = "execute " + request.argv();
        FrameWriter fields = new FrameWriter(operation)
                .strings(request.argv())
                .map(request.environment())
                .string(request.directory())
                .string(request.user())
                .u8((request.tty() ? 1 : 0) | (request.stdin() ? 2 : 0))
                .u16(request.rows())
                .u16(request.columns())
                .u64(millis(request.timeout()));
        GuestStream stream = open(StreamKind.EXEC, operation, fields, GuestClient.ANSWER_TIMEOUT);
        FrameReader opened = stream.awaitOpened(Deadline.in(Duration.ZERO));
        try {
            int pid = (int) opened.u32();
            opened.end();
            return new GuestProcess(link, stream, pid, request.stdin());
        } catch (ProtocolException e) {
            throw GuestErrors.broken(link, e);
        }
    }

    GuestConnection connect(int port, Duration timeout) {
        checkPort(port);
        FrameWriter request = new FrameWriter("connect").u16(port);
        return new GuestConnection(
                link, open(StreamKind.CONNECT, "connect to the guest's port " + port, request, timeout));
    }

    /** Watches for listeners on all of some ports, and then for rest if {@code settle} is not zero. */
    ListenWatch watch(List<Integer> ports, Duration timeout, Duration settle) {
        ports.forEach(StreamCalls::checkPort);
        String operation = ports.isEmpty() ? "wait for the workload to rest" : "watch for listeners on " + ports;
        FrameWriter request =
                new FrameWriter(operation).ports(ports).u64(millis(timeout)).u64(millis(settle));
        return new ListenWatch(link, open(StreamKind.LISTEN_WATCH, operation, request, GuestClient.ANSWER_TIMEOUT));
    }

    private GuestStream open(StreamKind kind, String operation, FrameWriter request, Duration timeout) {
        return streams.open(kind, operation, request, Deadline.in(timeout));
    }

    /** Rounded up, because 0 means none; longer than anybody waits is as long as {@link Deadline} waits. */
    private static long millis(Duration timeout) {
        return timeout.compareTo(LONGEST) >= 0
                ? LONGEST.toMillis()
                : timeout.plusNanos(999_999).toMillis();
    }

    private static void checkPort(int port) {
        if (port < 1 || port > 0xFFFF) {
            throw new IllegalArgumentException("A port is a number from 1 to 65535, but got " + port);
        }
    }
}
