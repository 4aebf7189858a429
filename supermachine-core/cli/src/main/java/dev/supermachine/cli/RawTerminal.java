package dev.supermachine.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The terminal of this process while a command in a machine has one of its own: each key goes there as it is, and nothing is shown but what comes back. With
 * stty(1), which changes the terminal that is its standard input. What it was is set again at the end, also when this process is ended by a signal.
 */
final class RawTerminal implements AutoCloseable {

    private static final Pattern SIZE = Pattern.compile("(\\d{1,5}) (\\d{1,5})\\s*");

    private final Optional<String> before;
    private final Thread hook;

    private RawTerminal(Optional<String> before) {
        this.before = before;
        this.hook = new Thread(this::restore, "supermachine-terminal");
    }

    /** Height and width. */
    record Size(int rows, int columns) {}

    /** The terminal's size; 24 to 80 without one. */
    static Size size(Terminal terminal) {
        if (terminal.inIsTerminal()) {
            Matcher size = SIZE.matcher(stty("size").orElse(""));
            if (size.matches() && !size.group(1).equals("0") && !size.group(2).equals("0")) {
                return new Size(Integer.parseInt(size.group(1)), Integer.parseInt(size.group(2)));
            }
        }
        return new Size(24, 80);
    }

    /** Takes the terminal, if the standard input is one. */
    static RawTerminal open(Terminal terminal) {
        Optional<String> before = terminal.inIsTerminal() ? stty("-g") : Optional.empty();
        RawTerminal raw = new RawTerminal(before);
        if (before.isPresent()) {
            Runtime.getRuntime().addShutdownHook(raw.hook);
            stty("raw", "-echo");
        }
        return raw;
    }

    @Override
    public void close() {
        if (before.isPresent()) {
            restore();
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // the process ends, and the hook does its work
                return;
            }
        }
    }

    private void restore() {
        before.ifPresent(state -> stty(state.strip()));
    }

    private static Optional<String> stty(String... arguments) {
        String[] command = new String[arguments.length + 1];
        command[0] = "stty";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        try {
            Process process = new ProcessBuilder(command)
                    .redirectInput(ProcessBuilder.Redirect.INHERIT)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            return process.waitFor() == 0 ? Optional.of(output) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
