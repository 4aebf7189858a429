package dev.supermachine.engine.qemu;

import dev.supermachine.EngineException;
import dev.supermachine.engine.ConsoleRing;
import dev.supermachine.engine.Deadline;
import dev.supermachine.engine.Evidence;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.PrivateDirectories;
import dev.supermachine.engine.SocketAgentChannel;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running QEMU with its monitor, console and agent port connected, in a private directory of its own. Thread-safe. */
final class QemuProcess {

    private static final Logger LOG = LoggerFactory.getLogger(QemuProcess.class);

    /** From the process's start to its monitor's greeting; usually 50 ms. */
    private static final Duration START = Duration.ofSeconds(30);

    private static final Duration LAST_MOMENT = Duration.ofMillis(500);
    private static final int ERRORS_TAIL = 2000;
    private static final String LEFT = "left to another process";
    private static final String PID_FILE = "pid";
    private static final long CONSOLE_STACK = 256 * 1024;
    private static final int SIGNAL_STATUS = 128;
    private static final int SIGBUS = 7;

    private final String name;
    private final Path directory;
    private final Process process;
    private final boolean detachable;
    private final ConsoleRing console = new ConsoleRing();

    /** Open until the console has been read to its end. */
    private final CountDownLatch consoleRead = new CountDownLatch(1);

    private volatile @Nullable QmpClient monitor;
    private volatile @Nullable SocketAgentChannel agent;

    /** Why we ended it, if we did. */
    private volatile @Nullable String endedBy;

    private @Nullable String exit;

    private QemuProcess(String name, Path directory, Process process, boolean detachable) {
        this.name = name;
        this.detachable = detachable;
        this.directory = directory;
        this.process = process;
    }

    /**
     * Starts QEMU and waits until its monitor answers.
     *
     * @param name the machine's name, for messages
     * @param arguments gives the command line, from the directory with the sockets
     * @throws EngineException if it does not start in time
     */
    static QemuProcess start(String name, Function<Path, List<String>> arguments) {
        return start(name, false, arguments);
    }

    /** As above; a detachable one can be left to another process by {@link #detach(Path)}. */
    static QemuProcess start(String name, boolean detachable, Function<Path, List<String>> arguments) {
        try {
            Path directory = PrivateDirectories.instance().create();
            try (ServerSocketChannel monitors = TimedSocket.listen(directory.resolve(QemuCommand.MONITOR_SOCKET));
                    ServerSocketChannel consoles = TimedSocket.listen(directory.resolve(QemuCommand.CONSOLE_SOCKET));
                    ServerSocketChannel agents = TimedSocket.listen(directory.resolve(QemuCommand.AGENT_SOCKET))) {
                List<String> command = arguments.apply(directory);
                Path errors = directory.resolve("errors");
                Process process = detachable
                        ? Spawner.instance().startDetachable(command, errors, directory.resolve(PID_FILE))
                        : Spawner.instance().start(command, errors);
                QemuProcess qemu = new QemuProcess(name, directory, process, detachable);
                var unused = process.onExit().thenRunAsync(qemu::cleanUp);
                qemu.connect(monitors, consoles, agents);
                return qemu;
            } catch (IOException | RuntimeException e) {
                try {
                    PrivateDirectories.delete(directory);
                } catch (IOException left) {
                    e.addSuppressed(left);
                }
                throw e;
            }
        } catch (IOException e) {
            throw new EngineException("Cannot start QEMU for machine '" + name + "': " + e.getMessage(), e);
        }
    }

    private void connect(ServerSocketChannel monitors, ServerSocketChannel consoles, ServerSocketChannel agents) {
        Deadline deadline = Deadline.in(START);
        try {
            QmpClient client = new QmpClient(new TimedSocket(TimedSocket.accept(monitors, deadline, process::isAlive)));
            monitor = client;
            SocketChannel serial = TimedSocket.accept(consoles, deadline, process::isAlive);
            Thread reader = new Thread(null, () -> readConsole(serial), "supermachine-console-" + name, CONSOLE_STACK);
            reader.setDaemon(true);
            reader.start();
            agent = new SocketAgentChannel(TimedSocket.accept(agents, deadline, process::isAlive));
            client.start(deadline);
        } catch (IOException e) {
            EngineException failure = failure("Cannot start QEMU for machine '" + name + "'", e);
            end("it did not start");
            throw failure;
        }
    }

    long pid() {
        return process.pid();
    }

    boolean isDetachable() {
        return detachable;
    }

    /** QEMU itself, which is a child of the process if it is detachable. */
    long qemuPid() throws IOException {
        if (!detachable) {
            return process.pid();
        }
        // Its supervisor writes it when it has started QEMU, which may be connected already.
        Deadline deadline = Deadline.in(START);
        Path file = directory.resolve(PID_FILE);
        while (true) {
            String pid = Files.exists(file) ? Files.readString(file) : "";
            if (pid.endsWith("\n")) {
                return Long.parseLong(pid.strip());
            }
            if (deadline.isOver() || !process.isAlive()) {
                throw new IOException("QEMU's process id is not in " + file);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    /**
     * Leaves the machine to whoever holds a lock on a file: QEMU ends when nobody does, and no longer with this JVM. It listens for the console and the agent's
     * client at sockets in a directory.
     *
     * @throws IOException if QEMU refuses; the machine is to be ended then
     */
    void detach(Path target) throws IOException {
        listen("console", target.resolve(Machine.CONSOLE_SOCKET));
        listen("agent", target.resolve(Machine.AGENT_SOCKET));
        OutputStream orders = process.getOutputStream();
        orders.write(("keep " + target.resolve(Machine.LOCK_FILE) + "\n").getBytes(StandardCharsets.UTF_8));
        orders.flush();
        synchronized (this) {
            endedBy = LEFT;
        }
        closeConnections();
    }

    private void listen(String chardev, Path socket) throws IOException {
        Map<String, Object> address = Map.of("type", "unix", "data", Map.of("path", socket.toString()));
        command(
                "chardev-change",
                Map.of(
                        "id",
                        chardev,
                        "backend",
                        Map.of("type", "socket", "data", Map.of("addr", address, "server", true, "wait", false))));
    }

    String name() {
        return name;
    }

    Path directory() {
        return directory;
    }

    ConsoleRing console() {
        return console;
    }

    SocketAgentChannel agent() {
        SocketAgentChannel connected = agent;
        if (connected == null) {
            throw new IllegalStateException("QEMU for machine '" + name + "' is not connected");
        }
        return connected;
    }

    QmpClient monitor() {
        QmpClient connected = monitor;
        if (connected == null) {
            throw new IllegalStateException("QEMU for machine '" + name + "' is not connected");
        }
        return connected;
    }

    /** Sends a command that has no result worth reading. */
    void command(String command, Map<String, ?> arguments) throws IOException {
        monitor().execute(command, arguments);
    }

    boolean isAlive() {
        return endedBy == null && process.isAlive();
    }

    String endReason() {
        String ours = endedBy;
        if (ours != null) {
            return ours;
        }
        return process.isAlive() ? "still running" : exit();
    }

    /**
     * An exception with all that is known.
     *
     * @param what what failed, without a full stop
     */
    EngineException failure(String what, @Nullable Throwable cause) {
        StringBuilder message = new StringBuilder(what);
        if (cause != null) {
            message.append(": ").append(cause.getMessage());
        }
        if (!(cause instanceof QmpException)) {
            // The end of a connection is seen a moment before the process is gone.
            awaitLastWords(LAST_MOMENT);
        }
        message.append(isAlive() ? ". QEMU still runs." : ". The machine has ended: " + endReason() + ".");
        message.append(Evidence.ofConsole(console.text()));
        return new EngineException(message.toString(), cause);
    }

    /** Waits for the process's end and for what its console brought until then. */
    boolean awaitLastWords(Duration length) {
        Deadline deadline = Deadline.in(length);
        if (!awaitExit(length)) {
            return false;
        }
        try {
            return consoleRead.await(deadline.remaining().toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /** Waits for the process's end. */
    boolean awaitExit(Duration length) {
        try {
            return process.waitFor(length.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /**
     * Kills the process and lets go of everything. Returns at once.
     *
     * @param reason what {@link #endReason()} says from now on, unless it ended before
     */
    void end(String reason) {
        synchronized (this) {
            if (LEFT.equals(endedBy)) {
                return;
            }
            if (endedBy == null && process.isAlive()) {
                endedBy = reason;
            }
        }
        process.destroyForcibly();
        closeConnections();
    }

    private void closeConnections() {
        SocketAgentChannel channel = agent;
        if (channel != null) {
            channel.close();
        }
        QmpClient client = monitor;
        if (client != null) {
            try {
                client.close();
            } catch (IOException e) {
                LOG.debug("Closing the monitor of machine '{}'", name, e);
            }
        }
    }

    /** Writes what the console has printed to a file, and what it prints from now on. */
    void writeConsoleTo(Path file) throws IOException {
        console.copyTo(file);
    }

    private void readConsole(SocketChannel serial) {
        try {
            console.readAll(serial, name);
        } finally {
            consoleRead.countDown();
        }
    }

    /** After the process has ended: its last words are kept, its directory is not. */
    private void cleanUp() {
        LOG.debug("Machine '{}': {}", name, exit());
        try {
            PrivateDirectories.delete(directory);
        } catch (IOException e) {
            LOG.debug("Left {} for the next JVM to delete", directory, e);
        }
    }

    private synchronized String exit() {
        if (exit == null) {
            exit = describe(process.exitValue(), errorsTail());
        }
        return exit;
    }

    /** What a status and an error output mean. */
    static String describe(int status, String errors) {
        String said = errors.isEmpty() ? "" : ": " + errors;
        if (status <= SIGNAL_STATUS) {
            return status == 0 && errors.isEmpty()
                    ? "QEMU exited with status 0, because the guest powered off, rebooted or panicked"
                    : "QEMU exited with status " + status + said;
        }
        int signal = status - SIGNAL_STATUS;
        return "QEMU was killed by signal " + signal
                + (signal == SIGBUS
                        ? " (SIGBUS: its memory file could not be written, as on a full disk, or not be read)"
                        : "")
                + said;
    }

    private String errorsTail() {
        try {
            byte[] errors = Files.readAllBytes(directory.resolve("errors"));
            int from = Math.max(0, errors.length - ERRORS_TAIL);
            return new String(errors, from, errors.length - from, StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            return "(its error output cannot be read: " + e.getMessage() + ")";
        }
    }
}
