package dev.supermachine.guest;

import dev.supermachine.engine.Deadline;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;

/** Reads what comes on both output subchannels on one thread, whichever has something. */
final class Outputs {

    private Outputs() {}

    private static final Duration FOR_EVER = Duration.ofDays(10_000);

    /** Reads to the end of both. */
    static void drain(AgentLink link, GuestStream stream, OutputStream out, OutputStream err) throws IOException {
        int count;
        do {
            count = poll(link, stream, Deadline.in(FOR_EVER), out, err);
        } while (count >= 0);
    }

    /**
     * Reads what one of them has, waiting until one has something.
     *
     * @return how many bytes; 0 if none came in time, -1 if both have ended
     */
    static int poll(AgentLink link, GuestStream stream, Deadline deadline, OutputStream out, OutputStream err)
            throws IOException {
        byte[] buffer = new byte[GuestStream.CHUNK];
        int subchannel;
        int count;
        try {
            subchannel = stream.receiver().awaitOutput(deadline);
            if (subchannel <= 0) {
                return subchannel == StreamReceiver.NOT_YET ? 0 : -1;
            }
            count = stream.receiver().read(subchannel, buffer, 0, buffer.length);
        } catch (IOException e) {
            throw GuestErrors.unwrap(link, stream.operation(), e);
        }
        if (count > 0) {
            (subchannel == 1 ? out : err).write(buffer, 0, count);
        }
        return Math.max(0, count);
    }
}
