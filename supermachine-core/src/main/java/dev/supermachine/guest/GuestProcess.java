package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.engine.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A command that runs in the guest. Its methods may be called from any thread; each of its three streams is for one thread at a time. Output has to be read
 * or closed: what is left unread beyond {@link GuestClient#DEFAULT_WINDOW} stops the command.
 *
 * @since 0.1
 */
public final class GuestProcess implements AutoCloseable {

    private static final int STDOUT = 1;
    private static final int STDERR = 2;
    private static final int LAST_SIGNAL = 64;

    /** Of one command in a RESULT. */
    private static final int EXIT_BYTES = Byte.BYTES + Integer.BYTES + 4 * Long.BYTES;

    private final AgentLink link;
    private final GuestStream stream;
    private final ExecRequest request;
    private final int pid;
    private final InputStream stdout;
    private final InputStream stderr;
    private final OutputStream stdin;

    GuestProcess(AgentLink link, GuestStream stream, ExecRequest request, int pid) {
        this.link = link;
        this.stream = stream;
        this.request = request;
        this.pid = pid;
        this.stdout = new StreamInput(stream, STDOUT);
        this.stderr = new StreamInput(stream, STDERR);
        this.stdin = new StreamOutput(stream);
    }

    /**
     * Its process id in the guest; of several commands, that of the first.
     *
     * @return the id
     */
    public int pid() {
        return pid;
    }

    /**
     * Its standard output, with a terminal all its output. Closing it drops what still comes. A failure of the machine is an IOException with the machine's
     * exception as cause.
     *
     * @return always the same stream
     */
    public InputStream stdout() {
        return stdout;
    }

    /**
     * Its standard error; as {@link #stdout()}.
     *
     * @return always the same stream
     */
    public InputStream stderr() {
        return stderr;
    }

    /**
     * Its standard input. Writing waits until the command reads; closing is the end of the input.
     *
     * @return always the same stream
     * @throws IllegalStateException if it was not asked for
     */
    public OutputStream stdin() {
        if (!request.stdin()) {
            throw new IllegalStateException(
                    "The command was executed without a standard input; ask for one with ExecRequest.withStdin()");
        }
        return stdin;
    }

    /**
     * Reads both outputs to their ends, in the order in which they come, on the calling thread.
     *
     * @param out gets the standard output
     * @param err gets the standard error
     * @throws IOException if one of the two throws it
     * @throws MachineException if the machine fails meanwhile
     */
    public void drain(OutputStream out, OutputStream err) throws IOException {
        Outputs.drain(link, stream, out, err);
    }

    /**
     * Reads what has come on both outputs, waiting for it if there is nothing, on the calling thread.
     *
     * @param timeout how long to wait; zero not to wait
     * @param out gets the standard output
     * @param err gets the standard error
     * @return how many bytes have come: 0 if none in time, -1 if both outputs have ended
     * @throws IOException if one of the two throws it
     * @throws MachineException if the machine fails
     */
    public int poll(Duration timeout, OutputStream out, OutputStream err) throws IOException {
        return Outputs.poll(link, stream, Deadline.in(timeout), out, err);
    }

    /**
     * Sends a signal to its process group. Ignored when it has ended.
     *
     * @param signal its number
     * @throws IllegalArgumentException if it is not 1 to 64
     */
    public void signal(int signal) {
        if (signal < 1 || signal > LAST_SIGNAL) {
            throw new IllegalArgumentException(
                    "A signal is a number from 1 to " + LAST_SIGNAL + ", but was: " + signal);
        }
        stream.send(
                FrameType.SIGNAL,
                new FrameWriter(stream.operation()).u32(signal).payload());
    }

    /**
     * Gives its terminal another size. Ignored when it has ended.
     *
     * @param rows height
     * @param columns width
     * @throws IllegalArgumentException if one of them is not 1 to 65535
     * @throws IllegalStateException if it has no terminal
     */
    public void resize(int rows, int columns) {
        if (!request.tty()) {
            throw new IllegalStateException("The command " + request.commands().get(0)
                    + " has no terminal that could be resized; ask for one with tty().");
        }
        ExecRequest.checkTerminal(rows, columns);
        stream.send(
                FrameType.RESIZE,
                new FrameWriter(stream.operation()).u16(rows).u16(columns).payload());
    }

    /**
     * Waits until it has ended. Its output is to be read or closed meanwhile, by this thread before or by another.
     *
     * @param timeout how long to wait; the command goes on when it is over
     * @return how it ended; of several commands, the one that ran last
     * @throws MachineException if it has not ended by then, or the machine fails
     */
    public ExecExit waitFor(Duration timeout) {
        return last(exits(stream.awaitResult(Deadline.in(timeout))));
    }

    /**
     * How it ends; of several commands, the one that ran last. Dependent actions do not run on the thread that reads from the guest.
     *
     * @return completes when it has ended; fails when the machine fails or the process was closed before
     */
    public CompletableFuture<ExecExit> exit() {
        return exits().thenApply(GuestProcess::last);
    }

    /**
     * How each command ends that is run; otherwise as {@link #exit()}.
     *
     * @return at least one
     */
    public CompletableFuture<List<ExecExit>> exits() {
        return stream.result().thenApply(this::exits);
    }

    /** Kills its process group if it still runs, and lets go of it. Further calls do nothing. */
    @Override
    public void close() {
        stream.reset();
    }

    private static ExecExit last(List<ExecExit> all) {
        return all.get(all.size() - 1);
    }

    private List<ExecExit> exits(FrameReader shared) {
        try {
            FrameReader result = shared.copy();
            List<ExecExit> exits = result.list(EXIT_BYTES, GuestProcess::exit);
            result.end();
            if (exits.isEmpty() || exits.size() > request.commands().size()) {
                throw new ProtocolException("a RESULT of " + exits.size() + " commands, where 1 to "
                        + request.commands().size() + " are due");
            }
            return exits;
        } catch (ProtocolException e) {
            throw GuestErrors.broken(link, e);
        }
    }

    private static ExecExit exit(FrameReader in) throws ProtocolException {
        int kind = in.u8();
        int status = (int) in.u32();
        long peak = in.u64();
        long micros = in.u64();
        ExecExit.End end = switch (kind) {
            case 0 -> ExecExit.End.EXITED;
            case 1 -> ExecExit.End.KILLED;
            case 2 -> ExecExit.End.TIMED_OUT;
            default -> throw new ProtocolException("a RESULT of EXEC of the unknown kind " + kind);
        };
        if (micros > Long.MAX_VALUE / 1000) {
            throw new ProtocolException("a RESULT of EXEC that took " + micros + " microseconds");
        }
        return new ExecExit(end, status, peak, Duration.ofNanos(micros * 1000), in.u64(), in.u64());
    }
}
