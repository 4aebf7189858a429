package dev.supermachine.pool;

import dev.supermachine.KeptVm;
import dev.supermachine.guest.GuestClient.Position;
import dev.supermachine.linux.FileLock;
import dev.supermachine.pool.MachineSource.LiveMachine;
import dev.supermachine.snapshot.SnapshotUse;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.CodeSource;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.LoggerFactory;

/**
 * Leaves a machine to a {@link Keeper}, a small JVM that holds its locks, its memory's booking and its ports. Nothing is given up here before the keeper has its
 * own hold of it, so that a crash of either leaves the machine to the other, or ends it. Used once.
 */
final class Handover {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final List<String> FROM_OTHER_JARS = List.of("com.sun.jna.Native", "com.google.gson.Gson");

    private final KeptVm kept;
    private final LiveMachine machine;
    private final Lease lease;

    Handover(KeptVm kept, LiveMachine machine, Lease lease) {
        this.kept = kept;
        this.machine = machine;
        this.lease = lease;
    }

    /**
     * Does it all. If it throws, the machine is the caller's to end.
     *
     * @throws IOException if the keeper does not start or does not take over
     */
    void run() throws IOException {
        SnapshotUse use = Objects.requireNonNull(machine.holdings().use());
        Process keeper = start(use.snapshot().directory());
        boolean done = false;
        try (BufferedReader answers =
                        new BufferedReader(new InputStreamReader(keeper.getInputStream(), StandardCharsets.UTF_8));
                OutputStream orders = keeper.getOutputStream()) {
            String owner = expect(answers, Keeper.READY);
            Position position = machine.guest().handOver(TIMEOUT);
            lease.close();
            machine.machine().detach();
            orders.write((position.epoch() + " " + position.lastStream() + "\n").getBytes(StandardCharsets.UTF_8));
            orders.flush();
            expect(answers, Keeper.DONE);
            Objects.requireNonNull(machine.holdings().booking()).moveTo(owner, keeper.pid());
            done = true;
        } finally {
            if (!done) {
                // QEMU ends with it if it was detached already
                keeper.destroyForcibly();
            }
        }
        machine.close();
    }

    private Process start(Path snapshot) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        "setsid",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx32m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        classPath(),
                        Keeper.class.getName(),
                        kept.directory().toString(),
                        Objects.requireNonNull(machine.holdings().booking())
                                .ledgerDirectory()
                                .toString(),
                        snapshot.toString())
                .directory(new File("/"))
                .redirectError(kept.directory().resolve("keeper.log").toFile());
        builder.environment().keySet().retainAll(Set.of("PATH", "LD_LIBRARY_PATH", "TMPDIR"));
        return builder.start();
    }

    /** Of what the keeper needs and no more, wherever this JVM has it from. */
    private static String classPath() throws IOException {
        Set<Class<?>> needed = new LinkedHashSet<>(List.of(Keeper.class, FileLock.class, LoggerFactory.class));
        try {
            for (String name : FROM_OTHER_JARS) {
                needed.add(Class.forName(name, false, Keeper.class.getClassLoader()));
            }
            Set<String> places = new LinkedHashSet<>();
            for (Class<?> type : needed) {
                CodeSource source = type.getProtectionDomain().getCodeSource();
                places.add(Path.of(source.getLocation().toURI()).toString());
            }
            return places.stream().collect(Collectors.joining(File.pathSeparator));
        } catch (ClassNotFoundException | URISyntaxException e) {
            throw new IOException("the jars for the process that keeps it cannot be found: " + e.getMessage(), e);
        }
    }

    private String expect(BufferedReader answers, String word) throws IOException {
        String line = answers.readLine();
        if (line == null || !line.startsWith(word)) {
            throw new IOException("the process that is to keep it said "
                    + (line == null ? "nothing and ended" : "'" + line + "'") + " where '" + word
                    + "' was due; its log is " + kept.directory().resolve("keeper.log"));
        }
        return line.substring(word.length()).strip();
    }
}
