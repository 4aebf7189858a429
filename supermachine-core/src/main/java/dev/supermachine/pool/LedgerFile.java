package dev.supermachine.pool;

import dev.supermachine.json.JsonFormatException;
import dev.supermachine.linux.FileLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ledger on disk: {@code ledger}, replaced by a rename while {@code lock} is held, and for each process that has entries a file {@code <id>.alive} whose
 * flock lasts as long as the process. Entries whose owner's file is not locked are those of the dead; every look drops them.
 */
final class LedgerFile implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LedgerFile.class);
    private static final String ALIVE = ".alive";

    private final Path directory;
    private final String owner =
            ProcessHandle.current().pid() + "-" + UUID.randomUUID().toString().substring(0, 8);
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
            alive = FileLock.tryExclusive(aliveFile(owner))
                    .orElseThrow(() -> new IOException("The file " + aliveFile(owner) + " is locked by somebody else"));
            assert lock.isCurrent();
        }
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
        Path file = directory.resolve("ledger");
        if (!Files.exists(file)) {
            return LedgerState.EMPTY;
        }
        try {
            return LedgerState.read(Files.readString(file));
        } catch (JsonFormatException e) {
            LOG.warn("Beginning a new memory ledger, because {} cannot be read: {}", file, e.getMessage());
            return LedgerState.EMPTY;
        }
    }

    private void write(LedgerState state) throws IOException {
        Path temporary = directory.resolve("ledger.new");
        Files.deleteIfExists(temporary);
        Files.createFile(temporary, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(temporary, state.write());
        Files.move(temporary, directory.resolve("ledger"), StandardCopyOption.ATOMIC_MOVE);
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

    private Path aliveFile(String process) {
        return directory.resolve(process + ALIVE);
    }
}
