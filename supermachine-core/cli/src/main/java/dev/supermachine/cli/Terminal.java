package dev.supermachine.cli;

import dev.supermachine.text.StandardStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a command reads, writes and finds around it.
 *
 * @param in its standard input
 * @param out its standard output
 * @param err its standard error
 * @param inIsTerminal whether the input is a terminal
 * @param outIsTerminal whether the output is one
 * @param errIsTerminal whether the error is one
 * @param properties gives a system property, or null
 * @param environment gives an environment variable, or null
 */
record Terminal(
        InputStream in,
        OutputStream out,
        OutputStream err,
        boolean inIsTerminal,
        boolean outIsTerminal,
        boolean errIsTerminal,
        Function<String, @Nullable String> properties,
        Function<String, @Nullable String> environment) {

    static Terminal ofThisProcess() {
        Map<String, String> environment = System.getenv();
        return new Terminal(
                System.in,
                System.out,
                System.err,
                StandardStream.isTerminal(0),
                StandardStream.isTerminal(1),
                StandardStream.isTerminal(2),
                System::getProperty,
                environment::get);
    }

    /** Whether colours are wanted on the standard output (no-color.org). */
    boolean color() {
        return outIsTerminal && text("NO_COLOR").isEmpty() && !text("TERM").equals("dumb");
    }

    /** Whether a line on the standard error can be written over. */
    boolean canRedraw() {
        return errIsTerminal && !text("TERM").equals("dumb");
    }

    private String text(String variable) {
        String value = environment.apply(variable);
        return value == null ? "" : value;
    }
}
