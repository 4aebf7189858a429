package dev.supermachine;

import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import org.apiguardian.api.API;

/** A command that runs in a machine. Thread-safe; each stream is for one thread. What is not read stalls the command, and nothing else. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface ExecProcess extends AutoCloseable {

    /**
     * Its standard input.
     *
     * @return the same stream on every call; writing waits while the command does not read, closing is the end of its input
     */
    OutputStream stdin();

    /**
     * Its standard output.
     *
     * @return the same stream on every call
     */
    InputStream stdout();

    /**
     * Its standard error; empty with a terminal.
     *
     * @return the same stream on every call
     */
    InputStream stderr();

    /**
     * Sends a signal to its process group. Does nothing once it has ended.
     *
     * @param number a Linux signal number, such as 15 for TERM
     */
    void signal(int number);

    /**
     * Waits for its end.
     *
     * @param limit how long at most
     * @return how it ended, with empty output; nothing if it still runs
     * @throws MachineException if the machine fails, was given up or reset, or the thread is interrupted (which it stays)
     */
    Optional<ExecResult> waitFor(Duration limit);

    /** Kills its process group if it still runs, and drops its streams. */
    @Override
    void close();
}
