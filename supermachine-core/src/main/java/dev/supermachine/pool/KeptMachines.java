package dev.supermachine.pool;

import dev.supermachine.KeptVm;
import dev.supermachine.SupermachineException;
import dev.supermachine.pool.MachineSource.LiveMachine;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The machines that this process keeps although nobody holds them, and the description that each has on disk. Thread-safe. */
final class KeptMachines {

    private static final Logger LOG = LoggerFactory.getLogger(KeptMachines.class);

    /** In a machine's directory; {@link KeptMachine} reads it. */
    static final String DESCRIPTION = "machine";

    /** The beginning of a key for a port. */
    static final String PORT = "port.";

    /** Never emptied: what is in it would be collected otherwise, and the machine's memory booked by nobody. */
    private static final Set<AutoCloseable> HELD = ConcurrentHashMap.newKeySet();

    private KeptMachines() {}

    /** Lets a machine run that its holder has given up, with its ports: by another process, or else here until the end of this one. */
    static void leave(KeptVm kept, LiveMachine machine, Lease lease) {
        if (kept.outlivesJvm()) {
            try {
                new Handover(kept, machine, lease).run();
                return;
            } catch (IOException | SupermachineException e) {
                LOG.warn(
                        "The machine '{}' cannot be left to a process of its own; it is ended: {}",
                        kept.name(),
                        e.getMessage());
            }
            try {
                lease.close();
            } finally {
                machine.close();
            }
            return;
        }
        HELD.add(machine);
        HELD.add(lease);
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
            lines.add(PORT + port.getKey() + "=" + kept.host() + ":" + port.getValue());
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
