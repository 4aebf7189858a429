package dev.supermachine;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.apiguardian.api.API;

/**
 * A running machine, held by one user at a time. Thread-safe. {@link #close()} gives it up; every call after that which needs the machine fails with an
 * {@link IllegalStateException} and never reaches the machine of whoever comes next. What runs at that moment ends too: calls and {@link ExecProcess}es that
 * wait fail with a {@link MachineException}, their streams with an {@link java.io.IOException}, and connections are closed. The same holds for what runs
 * when a {@link #reset()} begins.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface Vm extends AutoCloseable {

    /**
     * This machine's name. No two that exist at the same time in this process have the same; who gets a machine that was given back finds its name again.
     *
     * @return such as {@code postgres_16-3}
     */
    String name();

    /**
     * The image it was restored from.
     *
     * @return the image
     */
    Image image();

    /**
     * Runs a command as the image's user and waits for its end.
     *
     * @param argv the command and its arguments; no shell is involved
     * @return its status and output
     * @throws MachineException if it cannot be executed, or the machine fails
     * @throws IllegalArgumentException if it is empty
     * @throws IllegalStateException if this machine was given up
     */
    default ExecResult exec(String... argv) {
        return command(argv).output();
    }

    /**
     * Starts the description of a command.
     *
     * @param argv the command and its arguments; no shell is involved
     * @return a builder with the image's environment, user and working directory
     * @throws IllegalArgumentException if it is empty
     */
    Exec command(String... argv);

    /**
     * A whole file.
     *
     * @param path an absolute path in the guest; links are followed
     * @return its bytes
     * @throws MachineException if it is missing, no regular file, or larger than 1 GiB
     */
    byte[] readFile(String path);

    /**
     * A whole text file in UTF-8.
     *
     * @param path as for {@link #readFile(String)}
     * @return its text
     */
    default String readText(String path) {
        return new String(readFile(path), StandardCharsets.UTF_8);
    }

    /**
     * Creates or replaces a file. Missing directories are created. A new file belongs to root with mode 0644, an existing one keeps owner and mode.
     *
     * @param path an absolute path in the guest
     * @param content the bytes
     * @throws MachineException if it cannot be written
     */
    void writeFile(String path, byte[] content);

    /**
     * Creates or replaces a text file in UTF-8.
     *
     * @param path as for {@link #writeFile(String, byte[])}
     * @param text the content
     */
    default void writeFile(String path, String text) {
        writeFile(path, text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Copies the content of a host directory into a guest directory, with modes and symbolic links as they are.
     *
     * @param hostDirectory an existing directory
     * @param guestDirectory an absolute path in the guest, created if missing
     * @throws MachineException if it cannot be written
     * @throws java.io.UncheckedIOException if the host directory cannot be read
     */
    void copyIn(Path hostDirectory, String guestDirectory);

    /**
     * Copies the content of a guest directory into a host directory. Nothing is written outside it, whatever the guest sends.
     *
     * @param guestDirectory an absolute path in the guest
     * @param hostDirectory created if missing
     * @throws MachineException if it cannot be read
     * @throws java.io.UncheckedIOException if the host directory cannot be written
     */
    void copyOut(String guestDirectory, Path hostDirectory);

    /**
     * Where the mapped ports are.
     *
     * @return a loopback address, {@code 127.0.0.1}
     */
    String host();

    /**
     * The host's port that leads to a port of the guest. It is the same for the life of this object, over every {@link #reset()}.
     *
     * @param guestPort a TCP port in the guest; it need not be listened on yet
     * @return a port on {@link #host()}
     * @throws IllegalArgumentException if it is out of range
     * @throws IllegalStateException if this machine was given up
     * @throws java.io.UncheckedIOException if no port can be opened on this host
     */
    int mappedPort(int guestPort);

    /**
     * What the image's own process has written so far to its standard output and error: the last MiB (1,048,576 bytes) of both together. What came before
     * is lost, and no guest can have more of it collected in this JVM.
     *
     * @return the text, in order of writing; bytes that are no UTF-8 are replaced
     */
    String logs();

    /**
     * What the guest's kernel and agent have printed since the machine was restored.
     *
     * @return the text
     */
    String console();

    /**
     * Brings the machine back to the snapshot. Memory, files, processes and connections are those of the capture, with a fresh random generator and the right
     * clock, and with all that its {@link VmConfig} says. Connections to {@link #mappedPort(int)} are closed at once; new ones reach the machine as it is then.
     *
     * <p>If it fails there is no machine until another reset succeeds; it still has to be closed.
     *
     * @throws AcquireException if the memory for it is not there, or as {@link VmPool#acquire(VmConfig)}
     * @throws EngineException if the engine fails
     * @throws MachineException if the agent does not answer
     * @throws IllegalStateException if this machine was given up, before or meanwhile
     */
    void reset();

    /**
     * Keeps the machine: {@link #close()} and the end of its pool no longer end it. It runs until this JVM ends or, with the value {@code detached} of the
     * setting {@code supermachine.vm.keep-on-failure}, until somebody ends it: closing it then takes some seconds, in which a process of its own takes it over,
     * and connections to its ports are closed once. Its mapped ports stay open, and its memory stays booked, while its place in the pool becomes free. For looking inside after a test has failed. Further calls return the same; a machine that is kept
     * cannot be reset.
     *
     * @return where it is and how to look inside; ports are those that were mapped before
     * @throws EngineException if what people need to look at it cannot be written, or the engine has nothing to show
     * @throws IllegalStateException if this machine was given up, or is being reset
     * @throws java.io.UncheckedIOException if its description cannot be written
     */
    KeptVm keep();

    /**
     * Gives the machine up. What ran in it does not run on. Waits for nothing, except that an engine which resets machines in place does that in this call;
     * returns at once during a reset by another thread. Further calls do nothing.
     */
    @Override
    void close();
}
