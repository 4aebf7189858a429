package dev.supermachine.pool;

import dev.supermachine.json.JsonFormatException;
import dev.supermachine.linux.FileLock;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ledger on disk: {@code ledger}, replaced by a rename while {@code lock} is held, and for each process that has entries a file {@code <id>.alive} whose
 * flock lasts as long as the process. Entries whose owner's file is not locked are those of the dead; every look drops them.
 */
final class LedgerFile implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LedgerFile.class);
    /** Room for a hundred thousand entries; what is longer is cut and then no JSON. */
    private static final int MAX_BYTES = 16 << 20;

    private static final String ALIVE = ".alive";

    private final Path directory;
    private final String owner = newOwner();
    private final FileLock alive;
    private final Set<Long> owed = ConcurrentHashMap.newKeySet();

    /** Opens the ledger and declares this process alive in it. */
    LedgerFile(Path directory) throws IOException {
        this.directory = directory;
        Files.createDirectories(
                directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        // Under the lock, or another process could take the new file for that of a dead one and remove it before it is
        // locked.
        try (FileLock lock = lock()) {
            sweep();
            alive = FileLock.tryExclusive(aliveFile(owner))
                    .orElseThrow(() -> new IOException("The file " + aliveFile(owner) + " is locked by somebody else"));
            assert lock.isCurrent();
        }
    }

    private static String newOwner() {
        return ProcessHandle.current().pid() + "-"
                + UUID.randomUUID().toString().substring(0, 8);
    }

    /** The name under which this process's entries stand. */
    String owner() {
        return owner;
    }

    /** Changes the ledger while nobody else does; sees no entry of a dead process. */
    LedgerState change(UnaryOperator<LedgerState> change) throws IOException {
        try (FileLock lock = lock()) {
            LedgerState before = read();
            Set<Long> given = Set.copyOf(owed);
            LedgerState living =
                    dropDead(before).without(entry -> entry.owner().equals(owner) && given.contains(entry.ticket()));
            LedgerState after = change.apply(living);
            if (!after.equals(before)) {
                write(after);
            }
            owed.removeAll(given);
            assert lock.isCurrent();
            return after;
        }
    }

    /** The ledger as somebody left it, without waiting for the lock; entries of dead processes may be in it, and a broken one is empty. */
    LedgerState peek() throws IOException {
        Path file = ledger();
        try {
            return Files.exists(file) ? LedgerState.read(text(file)) : LedgerState.EMPTY;
        } catch (JsonFormatException e) {
            LOG.trace("{} cannot be read, and will be begun anew", file, e);
            return LedgerState.EMPTY;
        }
    }

    /** Takes an entry of this process out with the next change that can be written, because it could not be written now. */
    void takeOutLater(LedgerEntry entry) {
        owed.add(entry.ticket());
    }

    /** Gives up everything that this process has or wants. */
    @Override
    public void close() {
        alive.close();
        try {
            Files.deleteIfExists(alive.path());
        } catch (IOException e) {
            LOG.debug("Left {} behind; the next process removes it", alive.path(), e);
        }
    }

    private FileLock lock() throws IOException {
        return FileLock.exclusive(directory.resolve("lock"));
    }

    private LedgerState read() throws IOException {
        Path file = ledger();
        if (!Files.exists(file)) {
            return LedgerState.EMPTY;
        }
        try {
            return LedgerState.read(text(file));
        } catch (JsonFormatException e) {
            LOG.warn("Beginning a new memory ledger, because {} cannot be read: {}", file, e.getMessage());
            return LedgerState.EMPTY;
        }
    }

    private static String text(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MAX_BYTES), StandardCharsets.UTF_8);
        }
    }

    private void write(LedgerState state) throws IOException {
        Path temporary = directory.resolve("ledger.new");
        Files.deleteIfExists(temporary);
        Files.createFile(temporary, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(temporary, state.write());
        Files.move(temporary, ledger(), StandardCopyOption.ATOMIC_MOVE);
    }

    private LedgerState dropDead(LedgerState state) throws IOException {
        Map<String, Boolean> dead = new HashMap<>();
        for (LedgerEntry entry : state.entries()) {
            if (!dead.containsKey(entry.owner())) {
                dead.put(entry.owner(), isDead(entry.owner()));
            }
        }
        return state.without(entry -> dead.getOrDefault(entry.owner(), false));
    }

    /** Removes the files of processes that were killed while they had no entry, which nobody looks for otherwise. */
    private void sweep() throws IOException {
        List<String> names;
        try (Stream<Path> files = Files.list(directory)) {
            names = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(ALIVE))
                    .toList();
        }
        for (String name : names) {
            if (isDead(name.substring(0, name.length() - ALIVE.length()))) {
                LOG.debug("Removed {} of a process that is gone", name);
            }
        }
    }

    private boolean isDead(String process) throws IOException {
        Path file = aliveFile(process);
        if (!Files.exists(file)) {
            return true;
        }
        Optional<FileLock> lock = FileLock.tryExclusive(file);
        if (lock.isEmpty()) {
            return false;
        }
        try (FileLock nobodys = lock.get()) {
            Files.deleteIfExists(nobodys.path());
            return true;
        }
    }

    private Path ledger() {
        return directory.resolve("ledger");
    }

    private Path aliveFile(String process) {
        return directory.resolve(process + ALIVE);
    }
}
