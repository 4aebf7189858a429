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
     * Sends a signal to its whole process group; of a chain, to that of the command that runs. Does nothing once it has ended.
     *
     * @param number a Linux signal number from 1 to 64, such as 15 for TERM
     * @throws IllegalArgumentException if there is no such signal
     * @throws MachineException if the machine fails or was given up
     */
    void signal(int number);

    /**
     * Gives its terminal another size, which its programs are told by the signal WINCH. Does nothing once it has ended.
     *
     * @param rows height in characters
     * @param columns width in characters
     * @throws IllegalArgumentException if one of them is not 1 to 65535
     * @throws IllegalStateException if it has no terminal: see {@link Exec#tty(int, int)}
     * @throws MachineException if the machine fails or was given up
     */
    void resize(int rows, int columns);

    /**
     * Waits for its end.
     *
     * @param limit how long at most
     * @return how it ended, with empty output; nothing if it still runs. Of a chain, how the command ended that ran last
     * @throws MachineException if a further command of a chain cannot be executed, the machine fails, was given up or reset, or the thread is interrupted
     *     (which it stays)
     */
    Optional<ExecResult> waitFor(Duration limit);

    /** Kills its process group if it still runs, and drops its streams. */
    @Override
    void close();
}
