package dev.supermachine.cli;

import dev.supermachine.json.JsonWriter;
import dev.supermachine.settings.Settings;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What all commands have in common. */
abstract class AbstractCommand implements Callable<Integer> {

    static final String SNAPSHOTS_DIR = "supermachine.snapshots.dir";

    private final Terminal terminal;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--json", description = "Print the result as JSON on the standard output.")
    private boolean json;

    @Option(names = "--stacktrace", description = "Show where in the code a failure was, too.")
    private boolean stacktrace;

    AbstractCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    final Terminal terminal() {
        return terminal;
    }

    final boolean json() {
        return json;
    }

    final boolean wantsStacktrace() {
        return stacktrace;
    }

    /** The status with which the process ends when this command fails. */
    int statusOfFailure() {
        return ExitStatus.FAILED;
    }

    final PrintWriter out() {
        return spec.commandLine().getOut();
    }

    final PrintWriter err() {
        return spec.commandLine().getErr();
    }

    /** Prints a value as JSON, with a line feed at its end. */
    final void print(Object value) {
        out().print(JsonWriter.indented(value));
        out().flush();
    }

    /** Something that is wrong with the command line: told with what is right, and the status of that. */
    final ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    /** The settings, with some in place of those that are found. */
    final Settings settings(Map<String, String> overrides) {
        return Settings.of(overrides::get, terminal.properties(), terminal.environment());
    }

    /** The settings, with another store if one is given. */
    final Settings settings(Optional<Path> snapshotsDirectory) {
        return settings(snapshotsDirectory
                .map(directory -> Map.of(
                        SNAPSHOTS_DIR, directory.toAbsolutePath().normalize().toString()))
                .orElse(Map.of()));
    }
}
