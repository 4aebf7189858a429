package dev.supermachine.guest;

import dev.supermachine.GuestFile;
import dev.supermachine.engine.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
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
        String operation = operation(request);
        List<Long> sizes = request.files().stream().map(StreamCalls::size).toList();
        GuestStream stream = streams.begin(StreamKind.EXEC, operation, fields(request, operation, sizes));
        try {
            sendFiles(request.files(), sizes, stream);
        } catch (IOException e) {
            if (!stream.over()) {
                stream.reset();
                throw GuestErrors.unwrap(link, operation, e);
            }
            // why the guest did not want them comes instead of its being opened
        }
        FrameReader opened = streams.awaitOpened(stream, Deadline.in(GuestClient.ANSWER_TIMEOUT))
                .awaitOpened(Deadline.in(Duration.ZERO));
        try {
            int pid = (int) opened.u32();
            opened.end();
            return new GuestProcess(link, stream, request, pid);
        } catch (ProtocolException e) {
            throw GuestErrors.broken(link, e);
        }
    }

    private static String operation(ExecRequest request) {
        int more = request.commands().size() - 1;
        return "execute " + request.commands().get(0) + (more == 0 ? "" : " and " + more + " more");
    }

    private static FrameWriter fields(ExecRequest request, String operation, List<Long> sizes) {
        FrameWriter fields = new FrameWriter(operation).u32(request.commands().size());
        request.commands().forEach(fields::strings);
        fields.map(request.environment())
                .string(request.directory())
                .string(request.user())
                .u8((request.tty() ? 1 : 0) | (request.stdin() ? 2 : 0))
                .u16(request.rows())
                .u16(request.columns())
                .u64(millis(request.timeout()))
                .u32(request.files().size());
        for (int i = 0; i < sizes.size(); i++) {
            GuestFile file = request.files().get(i);
            fields.string(file.path())
                    .u32(file.mode().orElse(GuestClient.KEEP_MODE))
                    .u64(sizes.get(i));
        }
        return fields;
    }

    private static long size(GuestFile file) {
        try {
            return file.size();
        } catch (IOException e) {
            throw new UncheckedIOException("The file " + file + " could not be read on this host: " + e, e);
        }
    }

    /** Each as long as was announced. */
    private static void sendFiles(List<GuestFile> files, List<Long> sizes, GuestStream stream) throws IOException {
        StreamOutput out = new StreamOutput(stream);
        byte[] buffer = new byte[GuestStream.CHUNK];
        for (int i = 0; i < sizes.size(); i++) {
            try (InputStream content = files.get(i).open()) {
                for (long left = sizes.get(i); left > 0; ) {
                    int count = content.readNBytes(buffer, 0, (int) Math.min(left, buffer.length));
                    if (count == 0) {
                        throw new IOException("the file " + files.get(i) + " became shorter while it was read");
                    }
                    out.write(buffer, 0, count);
                    left -= count;
                }
            }
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
