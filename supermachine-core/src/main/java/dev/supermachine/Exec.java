package dev.supermachine;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.apiguardian.api.API;

/** Describes a command in a machine, or several that run one after the other. Used by one thread; may be run many times. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface Exec {

    /** How many bytes of each output {@link #output()} keeps unless told otherwise. */
    int DEFAULT_OUTPUT_LIMIT = 32 << 20;

    /** How many commands one request may have. */
    int MOST_COMMANDS = 256;

    /**
     * The (first) command and its arguments, in place of those given before.
     *
     * @param argv the first is looked up in the guest's {@code PATH} if it has no slash
     * @return this
     * @throws IllegalArgumentException if it is empty, or a word has a NUL
     */
    Exec argv(String... argv);

    /**
     * One more command, run when the one before it has succeeded: ended with status 0 and in time. All of them go to the guest in one request, share
     * environment, directory, user and standard input, and need no shell. The first that does not succeed is the last.
     *
     * @param argv the command and its arguments, as for {@link #argv(String...)}
     * @return this
     * @throws IllegalArgumentException if it is empty, or a word has a NUL
     * @throws IllegalStateException if there are {@value #MOST_COMMANDS} commands already, or a terminal, which only a single command can have
     */
    Exec chain(String... argv);

    /**
     * One more file, put into the guest in the same request right before the (first) command, with mode 0644 if it is new. Missing directories are created for
     * root. A new file belongs to the user who runs the command; one that is there keeps its owner and mode. Of any size; it is kept in memory here.
     *
     * @param guestPath an absolute path in the guest; a file given for it before is replaced
     * @param content its bytes, copied here
     * @return this
     * @throws IllegalArgumentException if the path is not absolute, ends with {@code /} or has a NUL
     */
    Exec stageFile(String guestPath, byte[] content);

    /**
     * As {@link #stageFile(String, byte[])}, with a mode.
     *
     * @param guestPath an absolute path in the guest
     * @param content its bytes, copied here
     * @param mode permissions, such as {@code 0755}; an existing file gets it too
     * @return this
     * @throws IllegalArgumentException as {@link #stageFile(String, byte[])}, and if the mode is not 0 to 07777
     */
    Exec stageFile(String guestPath, byte[] content, int mode);

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
     * How long it may run, all commands of a chain together. The whole process group of the one that runs is killed in the guest when the time is over.
     *
     * @param timeout positive, rounded up to milliseconds; none unless set
     * @return this
     * @throws IllegalArgumentException if it is not positive
     */
    Exec timeout(Duration timeout);

    /**
     * How much {@link #output()} keeps in memory. Streams of {@link #spawn()} are not limited.
     *
     * @param bytes the most that each of the two outputs may have, of all commands of a chain together; {@value #DEFAULT_OUTPUT_LIMIT} (32 MiB) unless set
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
     * @throws IllegalStateException if there is more than one command
     */
    Exec tty(int rows, int columns);

    /**
     * Runs it to its end.
     *
     * @return its status and all of its output; a status other than 0 and a time-out are no exceptions. Of a chain, that of the command that ran last
     * @throws MachineException if it cannot be executed, a file cannot be written, one of its outputs exceeds {@link #outputLimit(int)}, which kills it, the
     *     machine fails or is given up meanwhile, or the thread is interrupted (which it stays)
     * @throws IllegalArgumentException if commands, environment and paths together do not fit into a request, which is 64 KiB
     * @throws IllegalStateException if the machine was given up
     */
    default ExecResult output() {
        List<ExecResult> all = outputs();
        return all.get(all.size() - 1);
    }

    /**
     * As {@link #output()}, with the result of each command that was run.
     *
     * @return at least one, in their order; the last is that of the last command, or of the first that did not succeed
     * @throws MachineException as {@link #output()}; a command of a chain that cannot be executed is one too, although those before it have run
     * @throws IllegalArgumentException as {@link #output()}
     * @throws IllegalStateException as {@link #output()}
     */
    List<ExecResult> outputs();

    /**
     * Runs it without waiting for its end. The streams of a chain carry what all of its commands write, one after the other.
     *
     * @return the running command, with its streams; the caller closes it
     * @throws MachineException if it cannot be executed, a file cannot be written, or the machine fails
     * @throws IllegalArgumentException if commands, environment and paths together do not fit into a request, which is 64 KiB
     * @throws IllegalStateException if the machine was given up
     */
    ExecProcess spawn();
}
