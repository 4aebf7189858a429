package dev.supermachine.guest;

import dev.supermachine.engine.Channel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * The real agent as an ordinary process of this host, built with the address sanitizer, and a client that is connected to it. It touches nothing of the host
 * but what a test asks for.
 */
public final class HostedAgent implements AutoCloseable {

    /** Longer than anything takes that works. */
    public static final Duration WAIT = Duration.ofSeconds(30);

    private static final String PROPERTY = "supermachine.test.agent-hosted";
    private static final Path DEFAULT = Path.of("..", "supermachine-native", "target", "guest", "agent-hosted");

    private final Process process;
    private final Path console;
    private final GuestClient client;

    private HostedAgent(Process process, Path console) {
        this.process = process;
        this.console = console;
        PipeChannel channel = new PipeChannel(
                Channels.newChannel(process.getInputStream()), Channels.newChannel(process.getOutputStream()));
        this.client = new GuestClient(new OfProcess(channel, process), "hosted", this::console);
    }

    /** Starts an agent, which has not been greeted yet. */
    public static HostedAgent start(Path directory) {
        Path binary = Path.of(System.getProperty(PROPERTY, DEFAULT.toString()));
        if (!Files.isExecutable(binary)) {
            throw new AssertionError(
                    "The agent for tests is not at " + binary.toAbsolutePath().normalize()
                            + ". Build it: make -C supermachine-native/src/main/guest hosted");
        }
        try {
            Path console = Files.createTempFile(directory, "console", ".txt");
            Process process = new ProcessBuilder(binary.toString())
                    .redirectError(console.toFile())
                    .start();
            return new HostedAgent(process, console);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts an agent and greets it. */
    public static HostedAgent greeted(Path directory) {
        HostedAgent agent = start(directory);
        agent.client.awaitHello(WAIT);
        return agent;
    }

    /** The client. */
    public GuestClient client() {
        return client;
    }

    Process process() {
        return process;
    }

    /** What it printed, the sanitizer's reports included. */
    String console() {
        try {
            return Files.readString(console);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends the agent, and fails if a sanitizer has found something. */
    @Override
    public void close() {
        client.close();
        try {
            if (!process.waitFor(WAIT.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("the agent did not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
        String said = console();
        if (said.contains("Sanitizer") || said.contains("runtime error")) {
            throw new AssertionError("The agent's sanitizer found something:\n" + said);
        }
    }

    /** A blocked read of a process's output ends only with the process. */
    private record OfProcess(PipeChannel channel, Process process) implements Channel {

        @Override
        public int read(ByteBuffer target) throws IOException {
            return channel.read(target);
        }

        @Override
        public void write(ByteBuffer source) throws IOException {
            channel.write(source);
            process.getOutputStream().flush();
        }

        @Override
        public void close() {
            process.destroy();
        }
    }
}
