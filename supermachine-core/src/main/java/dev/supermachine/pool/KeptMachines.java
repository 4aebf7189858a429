package dev.supermachine.pool;

import dev.supermachine.KeptVm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** The machines that this process keeps although nobody holds them, and the description that each has on disk. Thread-safe. */
final class KeptMachines {

    /** In a machine's directory; {@code bin/doctor} reads it. */
    private static final String DESCRIPTION = "machine";

    /** Never emptied: what is in it would be collected otherwise, and the machine's memory booked by nobody. */
    private static final Set<AutoCloseable> HELD = ConcurrentHashMap.newKeySet();

    private KeptMachines() {}

    /** Holds what a machine needs until the process ends. */
    static void hold(AutoCloseable machine) {
        HELD.add(machine);
    }

    /** Writes the description, as lines of {@code key=value}. */
    static void describe(KeptVm kept, String reference, int memoryMib) {
        List<String> lines = new ArrayList<>(List.of(
                "name=" + kept.name(),
                "image=" + kept.image(),
                "reference=" + reference,
                "memoryMib=" + memoryMib,
                "pid=" + kept.pid(),
                "since=" + Instant.now().getEpochSecond(),
                "jvm=" + (kept.outlivesJvm() ? "" : ProcessHandle.current().pid()),
                "console=" + kept.console()));
        for (Map.Entry<Integer, Integer> port : new TreeMap<>(kept.ports()).entrySet()) {
            lines.add("port." + port.getKey() + "=" + kept.host() + ":" + port.getValue());
        }
        Path file = kept.directory().resolve(DESCRIPTION);
        try {
            Files.deleteIfExists(file);
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.write(
                    file, lines.stream().map(line -> line.replace('\n', ' ')).toList());
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "The machine '" + kept.name() + "' cannot be kept: its description " + file + " cannot be written: "
                            + e.getMessage() + ". Is its file system full?",
                    e);
        }
    }
}
