package dev.supermachine;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.apiguardian.api.API;

/** Describes a command in a machine. Used by one thread; may be run many times. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface Exec {

    /** How many bytes of each output {@link #output()} keeps unless told otherwise. */
    int DEFAULT_OUTPUT_LIMIT = 32 << 20;

    /**
     * The command and its arguments, in place of those given before.
     *
     * @param argv the first is looked up in the guest's {@code PATH} if it has no slash
     * @return this
     * @throws IllegalArgumentException if it is empty, or a word has a NUL
     */
    Exec argv(String... argv);

    /**
     * An environment variable over the image's and the machine's. May be called many times.
     *
     * @param key its name
     * @param value its value
     * @return this
     * @throws IllegalArgumentException if the name is empty or has a {@code =}, or one of them has a NUL
     */
    Exec env(String key, String value);

    /**
     * The working directory.
     *
     * @param directory an absolute path in the guest; the image's unless set
     * @return this
     * @throws IllegalArgumentException if it is not absolute, or has a NUL
     */
    Exec cwd(String directory);

    /**
     * Who runs it.
     *
     * @param user {@code name}, {@code uid}, {@code name:group} or {@code uid:gid} of the guest; the image's unless set
     * @return this
     * @throws IllegalArgumentException if it has a NUL
     */
    Exec user(String user);

    /**
     * What {@link #output()} feeds it; nothing unless set.
     *
     * @param bytes its standard input
     * @return this
     */
    Exec stdin(byte[] bytes);

    /**
     * What {@link #output()} feeds it, in UTF-8.
     *
     * @param text its standard input
     * @return this
     */
    default Exec stdin(String text) {
        return stdin(text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * How long it may run. Its whole process group is killed in the guest when the time is over.
     *
     * @param timeout positive, rounded up to milliseconds; none unless set
     * @return this
     * @throws IllegalArgumentException if it is not positive
     */
    Exec timeout(Duration timeout);

    /**
     * How much {@link #output()} keeps in memory. Streams of {@link #spawn()} are not limited.
     *
     * @param bytes the most that each of the two outputs may have; {@value #DEFAULT_OUTPUT_LIMIT} (32 MiB) unless set
     * @return this
     * @throws IllegalArgumentException if it is negative, or more than 1 GiB
     */
    Exec outputLimit(int bytes);

    /**
     * Gives it a terminal; its output then comes as one stream, standard output.
     *
     * @param rows height in characters
     * @param columns width in characters
     * @return this
     * @throws IllegalArgumentException if one of them is not 1 to 65535
     */
    Exec tty(int rows, int columns);

    /**
     * Runs it to its end.
     *
     * @return its status and all of its output; a status other than 0 and a time-out are no exceptions
     * @throws MachineException if it cannot be executed, one of its outputs exceeds {@link #outputLimit(int)}, which kills it, the machine fails or is given up meanwhile, or the thread
     *     is interrupted (which it stays)
     * @throws IllegalArgumentException if command and environment together do not fit into a request, which is 64 KiB
     * @throws IllegalStateException if the machine was given up
     */
    ExecResult output();

    /**
     * Runs it without waiting.
     *
     * @return the running command, with its streams; the caller closes it
     * @throws MachineException if it cannot be executed, or the machine fails
     * @throws IllegalArgumentException if command and environment together do not fit into a request, which is 64 KiB
     * @throws IllegalStateException if the machine was given up
     */
    ExecProcess spawn();
}
