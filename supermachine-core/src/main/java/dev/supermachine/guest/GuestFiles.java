package dev.supermachine.guest;

import dev.supermachine.engine.Deadline;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.util.Optional;

/** Files of the guest, each operation on a stream of its own. Thread-safe. */
final class GuestFiles {

    private static final int CREATE_PARENTS = 1;

    private final AgentLink link;
    private final Streams streams;

    GuestFiles(AgentLink link, Streams streams) {
        this.link = link;
        this.streams = streams;
    }

    byte[] read(String path, int limit) {
        String operation = "read " + path;
        if (limit < 0) {
            throw new IllegalArgumentException("A limit is not negative, but got " + limit);
        }
        GuestStream stream = openForReading(path, operation, limit + 1L);
        try (InputStream in = content(stream)) {
            byte[] content = in.readNBytes((int) Math.min(limit + 1L, Integer.MAX_VALUE - 8L));
            if (content.length > limit) {
                throw link.error(
                        "cannot " + operation + ": it is larger than the limit of " + limit
                                + " bytes. Raise the limit, or read it as a stream",
                        null);
            }
            if (count(stream) != content.length) {
                throw GuestErrors.broken(
                        link, new ProtocolException("a RESULT of FILE_READ that counts other bytes than it sent"));
            }
            return content;
        } catch (IOException e) {
            throw GuestErrors.unwrap(link, operation, e);
        }
    }

    InputStream open(String path) {
        return content(openForReading(path, "read " + path, 0));
    }

    private GuestStream openForReading(String path, String operation, long limit) {
        return open(
                StreamKind.FILE_READ,
                operation,
                new FrameWriter(operation).string(path).u64(0).u64(limit));
    }

    void write(String path, InputStream content, int mode, FileOwner owner) {
        String operation = "write " + path;
        FrameWriter request = new FrameWriter(operation)
                .string(path)
                .u32(mode)
                .u32(owner.uid())
                .u32(owner.gid())
                .u8(CREATE_PARENTS);
        try (Upload upload = new Upload(open(StreamKind.FILE_WRITE, operation, request))) {
            upload.finishWith(content);
        }
    }

    Optional<FileStat> stat(String path) {
        String operation = "look at " + path;
        GuestStream stream = open(
                StreamKind.STAT,
                operation,
                new FrameWriter(operation).string(path).u8(0));
        try {
            FrameReader result = stream.awaitResult(Deadline.in(GuestClient.ANSWER_TIMEOUT));
            if (result.u8() == 0) {
                result.end();
                return Optional.empty();
            }
            int mode = (int) result.u32();
            long uid = result.u32();
            long gid = result.u32();
            long size = result.u64();
            long seconds = result.s64();
            long nanos = result.u32();
            String target = result.string();
            result.end();
            if (seconds < Instant.MIN.getEpochSecond() || seconds > Instant.MAX.getEpochSecond() - 1 - nanos) {
                throw new ProtocolException("a time that is " + seconds + " seconds after 1970");
            }
            return Optional.of(new FileStat(mode, uid, gid, size, Instant.ofEpochSecond(seconds, nanos), target));
        } catch (ProtocolException e) {
            throw GuestErrors.broken(link, e);
        } finally {
            stream.reset();
        }
    }

    InputStream tarOut(String path) {
        String operation = "copy " + path + " out of the guest";
        return content(open(StreamKind.TAR_OUT, operation, new FrameWriter(operation).string(path)));
    }

    long tarIn(String path, InputStream tar) {
        try (Upload upload = tarIn(path)) {
            return upload.finishWith(tar);
        }
    }

    /** Opens a directory of the guest for the bytes of a tar. */
    Upload tarIn(String path) {
        String operation = "copy into " + path + " of the guest";
        return new Upload(open(StreamKind.TAR_IN, operation, new FrameWriter(operation).string(path)));
    }

    /** Bytes on their way into the guest. Closed before {@link #finish()}, the guest drops what it has not worked off. */
    final class Upload implements AutoCloseable {

        private final GuestStream stream;
        private final OutputStream out;

        private Upload(GuestStream stream) {
            this.stream = stream;
            this.out = new BufferedOutputStream(new StreamOutput(stream), GuestStream.CHUNK);
        }

        OutputStream out() {
            return out;
        }

        /** Ends the data and waits until the guest has worked it off: how many entries or bytes it counted. */
        long finish() throws IOException {
            out.close();
            return count(stream);
        }

        private long finishWith(InputStream content) {
            try {
                content.transferTo(out);
                return finish();
            } catch (IOException e) {
                throw GuestErrors.unwrap(link, stream.operation(), e);
            }
        }

        @Override
        public void close() {
            stream.reset();
        }
    }

    private GuestStream open(StreamKind kind, String operation, FrameWriter request) {
        return streams.open(kind, operation, request, Deadline.in(GuestClient.ANSWER_TIMEOUT));
    }

    /** The content of a stream, which is abandoned when the content is closed early. */
    private static InputStream content(GuestStream stream) {
        return new StreamInput(stream, 1, stream::reset);
    }

    /** The one number of most results. */
    private long count(GuestStream stream) {
        FrameReader result = stream.awaitResult(Deadline.in(GuestClient.ANSWER_TIMEOUT));
        try {
            long count = result.u64();
            result.end();
            return count;
        } catch (ProtocolException e) {
            throw GuestErrors.broken(link, e);
        }
    }
}
