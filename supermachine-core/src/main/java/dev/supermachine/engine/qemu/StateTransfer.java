package dev.supermachine.engine.qemu;

import dev.supermachine.engine.Deadline;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A machine's device state, out of QEMU into a file and back. QEMU migrates to and from unix sockets, with us at the other end: {@code exec:} would need a
 * shell, which the sandbox denies, and QEMU writes files only since 8.2. Memory is left out: it is in its own file.
 */
final class StateTransfer {

    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final String OUT_SOCKET = "o";
    private static final String IN_SOCKET = "i";
    private static final Set<String> ENDS = Set.of("completed", "failed", "cancelled");

    private StateTransfer() {}

    /**
     * Writes the state of a paused machine.
     *
     * @param file is made, mode 0600
     */
    static void save(QemuProcess qemu, Path file) throws IOException {
        Deadline deadline = Deadline.in(DEADLINE);
        Path path = qemu.directory().resolve(OUT_SOCKET);
        try (ServerSocketChannel server = TimedSocket.listen(path);
                FileChannel target = FileChannel.open(
                        file,
                        Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            setCapabilities(qemu);
            qemu.command("migrate", Map.of("uri", "unix:" + path));
            try (TimedSocket source = new TimedSocket(TimedSocket.accept(server, deadline, qemu::isAlive))) {
                ByteBuffer buffer = ByteBuffer.allocateDirect(64 * 1024);
                while (source.read(buffer, deadline) >= 0) {
                    buffer.flip();
                    while (buffer.hasRemaining()) {
                        target.write(buffer);
                    }
                    buffer.clear();
                }
            }
        }
        awaitCompletion(qemu, deadline);
    }

    /** Loads a state into a process that was started with {@code -incoming defer}; it stays paused. */
    static void load(QemuProcess qemu, Path file) throws IOException {
        Deadline deadline = Deadline.in(DEADLINE);
        Path path = qemu.directory().resolve(IN_SOCKET);
        setCapabilities(qemu);
        qemu.command("migrate-incoming", Map.of("uri", "unix:" + path));
        try (TimedSocket target = TimedSocket.connect(path);
                FileChannel source = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(64 * 1024);
            while (source.read(buffer) >= 0) {
                target.write(buffer.flip(), deadline);
                buffer.clear();
            }
            target.shutdownOutput();
            awaitCompletion(qemu, deadline);
        }
    }

    private static void setCapabilities(QemuProcess qemu) throws IOException {
        qemu.command(
                "migrate-set-capabilities",
                Map.of(
                        "capabilities",
                        List.of(
                                Map.of("capability", "x-ignore-shared", "state", true),
                                Map.of("capability", "events", "state", true))));
    }

    private static void awaitCompletion(QemuProcess qemu, Deadline deadline) throws IOException {
        JsonDocument end = qemu.monitor().awaitEvent("MIGRATION", data -> ENDS.contains(status(data)), deadline);
        if (!status(end).equals("completed")) {
            throw new IOException("QEMU reports the transfer of the machine's state as " + status(end));
        }
    }

    private static String status(JsonDocument data) {
        try {
            return data.string("status");
        } catch (JsonFormatException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
