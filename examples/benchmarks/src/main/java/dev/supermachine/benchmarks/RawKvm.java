package dev.supermachine.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/** The C program {@code rawkvm}, which makes, runs and resets machines of the same snapshot as ours and takes its times itself. For one thread. */
final class RawKvm implements AutoCloseable {

    private final Process process;
    private final BufferedReader answers;

    private RawKvm(Process process) {
        this.process = process;
        answers = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Starts it. */
    static RawKvm start(Path program, Path snapshot) throws IOException {
        return start(program.toString(), snapshot.toString());
    }

    /** Starts it with devices. */
    static RawKvm start(Path program, Path snapshot, Path disk) throws IOException {
        return start(program.toString(), snapshot.toString(), disk.toString());
    }

    private static RawKvm start(String... command) throws IOException {
        return new RawKvm(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** Gives it a command, and returns the numbers that it answers. */
    long[] ask(String command) throws IOException {
        process.getOutputStream().write((command + "\n").getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
        String line = answers.readLine();
        if (line == null) {
            throw new IOException("rawkvm ended at '" + command + "'; what it complains of stands above");
        }
        return Arrays.stream(line.split(" ", -1)).mapToLong(Long::parseLong).toArray();
    }

    /** Gives it a command that it answers with nanoseconds, and returns them as microseconds. */
    double micros(String command) throws IOException {
        return ask(command)[0] / 1e3;
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
