package dev.supermachine.guest;

import dev.supermachine.engine.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;

/**
 * A TCP connection to a port in the guest. Each direction ends by itself: closing {@link #output()} lets the other side read the end while
 * {@link #input()} goes on. One thread may read while another writes.
 *
 * @since 0.1
 */
public final class GuestConnection implements AutoCloseable {

    private final AgentLink link;
    private final GuestStream stream;
    private final InputStream input;
    private final OutputStream output;

    GuestConnection(AgentLink link, GuestStream stream) {
        this.link = link;
        this.stream = stream;
        this.input = new StreamInput(stream, 1);
        this.output = new StreamOutput(stream);
    }

    /**
     * What comes from the port. Closing it drops what still comes.
     *
     * @return always the same stream
     */
    public InputStream input() {
        return input;
    }

    /**
     * Reads what has come, waiting for it if there is nothing. Not at the same time as another thread reads {@link #input()}.
     *
     * @param timeout how long to wait; zero not to wait
     * @param target gets what has come
     * @return how many bytes have come: 0 if none in time, -1 at the end
     * @throws IOException if the target throws it
     * @throws dev.supermachine.MachineException if the connection or the machine fails
     */
    public int poll(Duration timeout, OutputStream target) throws IOException {
        return Outputs.poll(link, stream, Deadline.in(timeout), target, target);
    }

    /**
     * What goes to the port. Writing waits until the guest reads; closing is a half close.
     *
     * @return always the same stream
     */
    public OutputStream output() {
        return output;
    }

    /**
     * Half close: the guest reads the end, its answers still come.
     *
     * @throws IOException if the machine has failed
     */
    public void shutdownOutput() throws IOException {
        output.close();
    }

    /** Lets go of the connection; unless both directions have ended it is reset in the guest. Further calls do nothing. */
    @Override
    public void close() {
        if (!stream.finishing()) {
            stream.reset();
        }
    }
}
