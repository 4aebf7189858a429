package dev.supermachine.pool;

import dev.supermachine.engine.ConsoleRing;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.SocketAgentChannel;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.linux.FileLock;
import dev.supermachine.snapshot.Snapshot;
import dev.supermachine.snapshot.SnapshotUse;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * The process that keeps one machine when the JVM it came from has ended: it holds the lock that the machine's life hangs on, its memory's booking, its
 * snapshot and its ports, and executes commands for who asks over its socket. It ends with the machine, and the machine with it. Started by {@link Handover} only.
 */
final class Keeper {

    /** Said when everything is held, with the name in the ledger. */
    static final String READY = "ready ";

    /** Said when the machine answers and its ports are open. */
    static final String DONE = "done";

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private Keeper() {}

    /** Arguments: the machine's directory, the ledger's, the snapshot's. The position to go on at comes on the standard input. */
    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        // the pipe to the process that starts this one, not anybody's terminal
        PrintStream answers = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        try (FileLock lock = FileLock.shared(directory.resolve(Machine.LOCK_FILE));
                LedgerFile ledger = new LedgerFile(Path.of(arguments[1]));
                SnapshotUse use = Snapshot.open(Path.of(arguments[2])).acquireUse()) {
            assert lock.isCurrent() && use.snapshot() != null;
            answers.println(READY + ledger.owner());
            String[] order = readLine().split(" ", -1);
            keep(
                    directory,
                    new GuestClient.Position(Integer.parseInt(order[0]), Integer.parseInt(order[1])),
                    () -> answers.println(DONE));
            delete(directory);
        }
        System.exit(0);
    }

    private static void keep(Path directory, GuestClient.Position position, Runnable done) throws IOException {
        Map<String, String> machine = description(directory);
        String name = machine.getOrDefault("name", "");
        CompletableFuture<ProcessHandle> end = ProcessHandle.of(Long.parseLong(machine.getOrDefault("pid", "")))
                .orElseThrow(() -> new IOException("The machine '" + name + "' has ended"))
                .onExit();
        ConsoleRing console = new ConsoleRing();
        console.continueIn(directory.resolve("console"));
        SocketChannel serial = connect(directory.resolve(Machine.CONSOLE_SOCKET));
        Thread reader = new Thread(() -> console.readAll(serial, name), "supermachine-console-" + name);
        reader.setDaemon(true);
        reader.start();
        try (GuestClient guest = GuestClient.adopted(
                        new SocketAgentChannel(connect(directory.resolve(Machine.AGENT_SOCKET))),
                        name,
                        console::text,
                        position);
                Lease lease = new Lease(name)) {
            guest.ping(TIMEOUT);
            lease.reopen(ports(machine));
            lease.attach(guest);
            try (KeptExecServer commands = KeptExecServer.open(directory, guest, name)) {
                assert commands != null;
                done.run();
                end.join();
            }
        }
    }

    private static SocketChannel connect(Path socket) throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(socket));
    }

    private static Map<String, String> description(Path directory) throws IOException {
        Map<String, String> values = new LinkedHashMap<>();
        for (String line : Files.readAllLines(directory.resolve(KeptMachines.DESCRIPTION))) {
            int equals = line.indexOf('=');
            values.put(line.substring(0, equals), line.substring(equals + 1));
        }
        return values;
    }

    private static Map<Integer, Integer> ports(Map<String, String> machine) {
        Map<Integer, Integer> ports = new LinkedHashMap<>();
        machine.forEach((key, value) -> {
            if (key.startsWith(KeptMachines.PORT)) {
                ports.put(
                        Integer.parseInt(key.substring(KeptMachines.PORT.length())),
                        Integer.parseInt(value.substring(value.lastIndexOf(':') + 1)));
            }
        });
        return ports;
    }

    private static String readLine() throws IOException {
        String line = new BufferedReader(
                        new InputStreamReader(new FileInputStream(FileDescriptor.in), StandardCharsets.UTF_8))
                .readLine();
        if (line == null) {
            throw new IOException("The process that had the machine has ended before it left it");
        }
        return line;
    }

    private static void delete(Path directory) throws IOException {
        List<Path> all;
        try (Stream<Path> files = Files.walk(directory)) {
            all = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.deleteIfExists(path);
        }
    }
}
