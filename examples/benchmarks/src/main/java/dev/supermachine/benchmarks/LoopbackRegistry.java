package dev.supermachine.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Debian's docker-registry on a loopback port that the kernel chooses. Closing ends it. */
final class LoopbackRegistry implements AutoCloseable {

    private static final Pattern LISTENING = Pattern.compile("listening on (127\\.0\\.0\\.1:[0-9]+)");

    private final Process process;
    private final String address;

    private LoopbackRegistry(Process process, String address) {
        this.process = process;
        this.address = address;
    }

    static LoopbackRegistry start(Path program, Path directory) throws IOException {
        Path config = Files.writeString(directory.resolve("config.yml"), """
                version: 0.1
                log: {level: info, accesslog: {disabled: true}}
                storage:
                  filesystem: {rootdirectory: "%s"}
                http: {addr: "127.0.0.1:0"}
                """.formatted(directory.resolve("data")));
        Path log = directory.resolve("log");
        Process process = new ProcessBuilder(program.toString(), "serve", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            Stage.await(
                    "the registry listens; its log is " + log,
                    () -> address(log).find() || !process.isAlive());
            Matcher found = address(log);
            if (!found.find()) {
                throw new IOException(program + " ended: " + Files.readString(log));
            }
            return new LoopbackRegistry(process, found.group(1));
        } catch (IOException | RuntimeException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    String address() {
        return address;
    }

    @Override
    public void close() {
        process.destroy();
        Stage.await("the registry has ended", () -> !process.isAlive());
    }

    private static Matcher address(Path log) {
        try {
            return LISTENING.matcher(Files.readString(log));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
