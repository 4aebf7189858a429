package dev.supermachine.guest;

import dev.supermachine.GuestFile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Commands to execute in the guest one after the other, as long as they succeed. Immutable; {@link #of(String...)} and the methods that begin with {@code with}
 * make one.
 *
 * @param commands each a command and its arguments; a command without a slash is looked up in the {@code PATH}
 * @param files put in before the first command
 * @param environment variables over those of the image and the machine
 * @param directory where it starts, {@code ""} for the image's
 * @param user as in {@link WorkloadSpec#user()}, {@code ""} for the image's
 * @param tty whether it gets a terminal, which a single command can; then stderr is part of stdout
 * @param rows height of the terminal
 * @param columns width of the terminal
 * @param stdin whether anything is to be written to its standard input; otherwise that is empty
 * @param timeout after which the process group of the command that runs is killed; zero for none
 */
public record ExecRequest(
        List<List<String>> commands,
        List<GuestFile> files,
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
     * @throws IllegalArgumentException for an empty command, several with a terminal, a negative time-out, or a terminal whose sides are not 1 to 65535
     */
    public ExecRequest {
        commands = commands.stream().map(List::copyOf).toList();
        files = List.copyOf(files);
        environment = Map.copyOf(environment);
        if (commands.isEmpty() || commands.stream().anyMatch(List::isEmpty)) {
            throw new IllegalArgumentException("A command to execute has at least one word, but got none");
        }
        if (tty && commands.size() > 1) {
            throw new IllegalArgumentException("Only a single command can have a terminal, but got " + commands);
        }
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("A time-out is not negative, but got " + timeout);
        }
        if (tty) {
            checkTerminal(rows, columns);
        }
    }

    static void checkTerminal(int rows, int columns) {
        if (rows < 1 || rows > MAX_SIDE || columns < 1 || columns > MAX_SIDE) {
            throw new IllegalArgumentException(
                    "A terminal has 1 to 65535 rows and columns, but was: " + rows + " rows, " + columns + " columns");
        }
    }

    /**
     * A command with the image's environment, directory and user, no terminal, no standard input and no time-out.
     *
     * @param argv the command and its arguments
     * @return the request
     */
    public static ExecRequest of(String... argv) {
        return new ExecRequest(List.of(List.of(argv)), List.of(), Map.of(), "", "", false, 0, 0, false, Duration.ZERO);
    }

    /**
     * With one more command.
     *
     * @param argv the command and its arguments
     * @return a new request
     */
    public ExecRequest withCommand(String... argv) {
        List<List<String>> all = new ArrayList<>(commands);
        all.add(List.of(argv));
        return new ExecRequest(all, files, environment, directory, user, tty, rows, columns, stdin, timeout);
    }

    /**
     * With other files.
     *
     * @param all what is put in before the first command, in this order
     * @return a new request
     */
    public ExecRequest withFiles(List<GuestFile> all) {
        return new ExecRequest(commands, all, environment, directory, user, tty, rows, columns, stdin, timeout);
    }

    /**
     * With other variables.
     *
     * @param variables all of them
     * @return a new request
     */
    public ExecRequest withEnvironment(Map<String, String> variables) {
        return new ExecRequest(commands, files, variables, directory, user, tty, rows, columns, stdin, timeout);
    }

    /**
     * With another directory.
     *
     * @param path absolute
     * @return a new request
     */
    public ExecRequest withDirectory(String path) {
        return new ExecRequest(commands, files, environment, path, user, tty, rows, columns, stdin, timeout);
    }

    /**
     * With another user.
     *
     * @param name as in {@link WorkloadSpec#user()}
     * @return a new request
     */
    public ExecRequest withUser(String name) {
        return new ExecRequest(commands, files, environment, directory, name, tty, rows, columns, stdin, timeout);
    }

    /**
     * With a terminal.
     *
     * @param height in rows
     * @param width in columns
     * @return a new request
     */
    public ExecRequest withTty(int height, int width) {
        return new ExecRequest(commands, files, environment, directory, user, true, height, width, stdin, timeout);
    }

    /**
     * With a standard input that can be written to.
     *
     * @return a new request
     */
    public ExecRequest withStdin() {
        return new ExecRequest(commands, files, environment, directory, user, tty, rows, columns, true, timeout);
    }

    /**
     * With a time-out.
     *
     * @param limit zero for none
     * @return a new request
     */
    public ExecRequest withTimeout(Duration limit) {
        return new ExecRequest(commands, files, environment, directory, user, tty, rows, columns, stdin, limit);
    }
}
