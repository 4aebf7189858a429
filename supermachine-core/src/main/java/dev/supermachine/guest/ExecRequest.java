package dev.supermachine.guest;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A command to execute in the guest. Immutable; {@link #of(String...)} and the methods that begin with {@code with} make one.
 *
 * @param argv the command and its arguments; a command without a slash is looked up in the {@code PATH}
 * @param environment variables over those of the image and the machine
 * @param directory where it starts, {@code ""} for the image's
 * @param user as in {@link WorkloadSpec#user()}, {@code ""} for the image's
 * @param tty whether it gets a terminal; then stderr is part of stdout
 * @param rows height of the terminal
 * @param columns width of the terminal
 * @param stdin whether anything is to be written to its standard input; otherwise that is empty
 * @param timeout after which its process group is killed; zero for none
 */
public record ExecRequest(
        List<String> argv,
        Map<String, String> environment,
        String directory,
        String user,
        boolean tty,
        int rows,
        int columns,
        boolean stdin,
        Duration timeout) {

    private static final int MAX_SIDE = 0xFFFF;

    /**
     * Checks what can be judged here, and copies what is mutable.
     *
     * @throws IllegalArgumentException for an empty command, a negative time-out, or a terminal whose sides are not in 0 … 65535
     */
    public ExecRequest {
        argv = List.copyOf(argv);
        environment = Map.copyOf(environment);
        if (argv.isEmpty()) {
            throw new IllegalArgumentException("A command to execute has at least one word, but got none");
        }
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("A time-out is not negative, but got " + timeout);
        }
        if (rows < 0 || rows > MAX_SIDE || columns < 0 || columns > MAX_SIDE) {
            throw new IllegalArgumentException(
                    "A terminal has 0 to 65535 rows and columns, but got " + rows + " and " + columns);
        }
    }

    /**
     * A command with the image's environment, directory and user, no terminal, no standard input and no time-out.
     *
     * @param argv the command and its arguments
     * @return the request
     */
    public static ExecRequest of(String... argv) {
        return new ExecRequest(List.of(argv), Map.of(), "", "", false, 0, 0, false, Duration.ZERO);
    }

    /**
     * With other variables.
     *
     * @param variables all of them
     * @return a new request
     */
    public ExecRequest withEnvironment(Map<String, String> variables) {
        return new ExecRequest(argv, variables, directory, user, tty, rows, columns, stdin, timeout);
    }

    /**
     * With another directory.
     *
     * @param path absolute
     * @return a new request
     */
    public ExecRequest withDirectory(String path) {
        return new ExecRequest(argv, environment, path, user, tty, rows, columns, stdin, timeout);
    }

    /**
     * With another user.
     *
     * @param name as in {@link WorkloadSpec#user()}
     * @return a new request
     */
    public ExecRequest withUser(String name) {
        return new ExecRequest(argv, environment, directory, name, tty, rows, columns, stdin, timeout);
    }

    /**
     * With a terminal.
     *
     * @param height in rows
     * @param width in columns
     * @return a new request
     */
    public ExecRequest withTty(int height, int width) {
        return new ExecRequest(argv, environment, directory, user, true, height, width, stdin, timeout);
    }

    /**
     * With a standard input that can be written to.
     *
     * @return a new request
     */
    public ExecRequest withStdin() {
        return new ExecRequest(argv, environment, directory, user, tty, rows, columns, true, timeout);
    }

    /**
     * With a time-out.
     *
     * @param limit zero for none
     * @return a new request
     */
    public ExecRequest withTimeout(Duration limit) {
        return new ExecRequest(argv, environment, directory, user, tty, rows, columns, stdin, limit);
    }
}
