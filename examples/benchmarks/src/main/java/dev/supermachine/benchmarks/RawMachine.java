package dev.supermachine.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A machine that a small C program restores with the library's own command line. The program measures by itself, so what it reports has nothing of this
 * JVM's in it. For one thread.
 */
final class RawMachine implements AutoCloseable {

    private final Process process;
    private final BufferedReader answers;
    private final Path directory;

    private RawMachine(Process process, Path directory) {
        this.process = process;
        this.directory = directory;
        this.answers = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Starts the program; it goes on preparing while the caller does. */
    static RawMachine start(Path program, RestoreCommand restore) throws IOException {
        Path directory = Files.createTempDirectory("raw");
        List<String> command = new ArrayList<>(List.of(
                program.toString(), directory.toString(), restore.state().toString()));
        command.addAll(restore.in(directory));
        return new RawMachine(
                new ProcessBuilder(command)
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start(),
                directory);
    }

    /** Waits until it could run; returns QEMU's process. */
    long awaitPrepared() throws IOException {
        return answer("prepared")[0];
    }

    /** Lets it run, to the agent's first reply; returns milliseconds of that alone. */
    double resume() throws IOException {
        send("resume");
        return millis(answer("resumed")[0]);
    }

    /** Prepares it and lets it run at once; returns milliseconds from the program's start to the agent's first reply. */
    double restore() throws IOException {
        send("resume");
        awaitPrepared();
        return millis(answer("resumed")[1]);
    }

    /** Lets it run and a command to its end; returns the milliseconds of both. */
    double resumeAndExecute(String program) throws IOException {
        send("resume\nexec " + program);
        return millis(answer("resumed")[0] + answer("done")[0]);
    }

    /** A loopback port for one connection to a port of the guest. */
    int listen(int guestPort) throws IOException {
        send("listen " + guestPort);
        return (int) answer("port")[0];
    }

    /** Lets it run and forwards the connection. Returns at once. */
    void resumeAndServe() throws IOException {
        send("resume\nserve");
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
        try (var files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }

    private void send(String lines) throws IOException {
        process.getOutputStream().write((lines + "\n").getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
    }

    /** The numbers of the next line, which begins with a word. */
    private long[] answer(String word) throws IOException {
        String line = answers.readLine();
        if (line == null || !line.startsWith(word + " ")) {
            throw new IOException("The raw machine should answer '" + word + "', but said "
                    + (line == null ? "nothing more; what it complains of stands above" : "'" + line + "'"));
        }
        return Arrays.stream(line.substring(word.length() + 1).split(" ", -1))
                .mapToLong(Long::parseLong)
                .toArray();
    }

    private static double millis(long nanos) {
        return nanos / 1e6;
    }
}
