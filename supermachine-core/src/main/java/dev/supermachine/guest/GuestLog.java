package dev.supermachine.guest;

import dev.supermachine.engine.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;

/**
 * The workload's output. Read both streams, on threads of their own or with {@link #drain(OutputStream, OutputStream)}.
 *
 * @since 0.1
 */
public final class GuestLog implements AutoCloseable {

    private final AgentLink link;
    private final GuestStream stream;
    private final InputStream stdout;
    private final InputStream stderr;

    GuestLog(AgentLink link, GuestStream stream) {
        this.link = link;
        this.stream = stream;
        this.stdout = new StreamInput(stream, 1);
        this.stderr = new StreamInput(stream, 2);
    }

    /**
     * What it wrote to its standard output.
     *
     * @return always the same stream
     */
    public InputStream stdout() {
        return stdout;
    }

    /**
     * What it wrote to its standard error.
     *
     * @return always the same stream
     */
    public InputStream stderr() {
        return stderr;
    }

    /**
     * Reads both to their ends, in the order in which they come, on the calling thread.
     *
     * @param out gets the standard output
     * @param err gets the standard error
     * @return how many bytes were lost before the oldest, because the guest keeps only the latest
     * @throws IOException if one of the two throws it
     * @throws dev.supermachine.MachineException if the machine fails meanwhile
     */
    public long drain(OutputStream out, OutputStream err) throws IOException {
        Outputs.drain(link, stream, out, err);
        try {
            FrameReader result =
                    stream.awaitResult(Deadline.in(GuestClient.ANSWER_TIMEOUT)).copy();
            long lost = result.u64();
            result.end();
            return lost;
        } catch (ProtocolException e) {
            throw GuestErrors.broken(link, e);
        }
    }

    /**
     * Reads what has come on both outputs, waiting for it if there is nothing, on the calling thread.
     *
     * @param timeout how long to wait; zero not to wait
     * @param out gets the standard output
     * @param err gets the standard error
     * @return how many bytes have come: 0 if none in time, -1 if both outputs have ended
     * @throws IOException if one of the two throws it
     * @throws dev.supermachine.MachineException if the machine fails
     */
    public int poll(Duration timeout, OutputStream out, OutputStream err) throws IOException {
        return Outputs.poll(link, stream, Deadline.in(timeout), out, err);
    }

    /** Stops reading, also while another thread reads. Further calls do nothing. */
    @Override
    public void close() {
        stream.reset();
    }
}
