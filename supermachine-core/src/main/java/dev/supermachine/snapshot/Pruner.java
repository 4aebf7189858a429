package dev.supermachine.snapshot;

import dev.supermachine.linux.FileLock;
import dev.supermachine.linux.SparseFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Removes what was unused for long, and the longest unused beyond a total size. A snapshot leaves its place by a rename while its manifest is held
 * exclusively, and is unlinked after that: whoever has it open keeps it, and nobody finds half of one.
 */
final class Pruner {

    private final SnapshotLayout layout;

    Pruner(SnapshotLayout layout) {
        this.layout = layout;
    }

    /** One snapshot: when it was last used, and what each of its files, known by inode, takes. */
    private record Entry(Path directory, String fingerprint, Instant used, Map<Object, Long> blocks) {}

    /** Of a dry run, the same answer without the deed, as far as it can be told without holding a lock. */
    PruneReport prune(long maxBytes, Duration maxAge, String keep, boolean dryRun) throws IOException {
        HeldLocks held = HeldLocks.now();
        List<Entry> remaining = new ArrayList<>(entries());
        List<String> removed = new ArrayList<>();
        List<String> inUse = new ArrayList<>();
        Instant oldest = Instant.now().minus(maxAge);
        for (Entry entry : List.copyOf(remaining)) {
            if (entry.used().isBefore(oldest) || total(remaining) > maxBytes) {
                if (entry.fingerprint().equals(keep) || !(dryRun ? !isHeld(entry, held) : remove(entry))) {
                    inUse.add(entry.fingerprint());
                } else {
                    removed.add(entry.fingerprint());
                    remaining.remove(entry);
                }
            }
        }
        return new PruneReport(removed, inUse, total(remaining));
    }

    /** Unlinks what processes that are gone have left in the temporary directory. What belongs to a fingerprint may go while its lock is held. */
    void sweep() throws IOException {
        for (Path leftover : list(layout.temporary())) {
            String fingerprint = fingerprintOf(leftover);
            if (SnapshotLayout.isFingerprint(fingerprint)) {
                Optional<BakeLock> lock = BakeLock.tryAcquire(layout.lock(fingerprint));
                if (lock.isPresent()) {
                    try (BakeLock held = lock.get()) {
                        PrivateFiles.deleteTree(leftover);
                        if (!Files.exists(layout.snapshot(fingerprint))) {
                            held.removeFile();
                        }
                    }
                }
            }
        }
    }

    /** As {@link #sweep()} for one fingerprint, whose lock the caller holds. */
    void sweepHeld(String fingerprint) throws IOException {
        for (Path leftover : list(layout.temporary())) {
            if (fingerprintOf(leftover).equals(fingerprint)) {
                PrivateFiles.deleteTree(leftover);
            }
        }
    }

    /** Takes a snapshot out of its place and unlinks it, whoever uses it. The caller holds the fingerprint's lock. */
    void discardHeld(Path directory, String fingerprint) throws IOException {
        PrivateFiles.makeDirectories(layout.temporary());
        Path aside = layout.temporary().resolve(fingerprint + ".gone." + UUID.randomUUID());
        Files.move(directory, aside, StandardCopyOption.ATOMIC_MOVE);
        PrivateFiles.deleteTree(aside);
    }

    /** All snapshots, the longest unused first. */
    List<StoredSnapshot> list() throws IOException {
        HeldLocks held = HeldLocks.now();
        List<StoredSnapshot> all = new ArrayList<>();
        for (Entry entry : entries()) {
            Optional<SnapshotManifest> manifest = Optional.empty();
            Optional<String> problem = Optional.empty();
            try {
                manifest = Optional.of(Integrity.readManifest(entry.directory()));
            } catch (IOException e) {
                problem = Optional.of(PrivateFiles.describe(e));
            }
            all.add(new StoredSnapshot(
                    entry.directory(),
                    entry.fingerprint(),
                    manifest,
                    problem,
                    entry.used(),
                    total(List.of(entry)),
                    isHeld(entry, held)));
        }
        return List.copyOf(all);
    }

    private boolean isHeld(Entry entry, HeldLocks held) {
        return held.has(entry.directory().resolve(SnapshotLayout.MANIFEST))
                || held.has(layout.lock(entry.fingerprint()));
    }

    private boolean remove(Entry entry) throws IOException {
        Optional<BakeLock> lock = BakeLock.tryAcquire(layout.lock(entry.fingerprint()));
        if (lock.isEmpty()) {
            return false;
        }
        try (BakeLock held = lock.get()) {
            Path manifest = entry.directory().resolve(SnapshotLayout.MANIFEST);
            if (Files.exists(manifest)) {
                Optional<FileLock> unused = FileLock.tryExclusiveExisting(manifest);
                if (unused.isEmpty()) {
                    return false;
                }
                try (FileLock alone = unused.get()) {
                    if (alone.isCurrent()) {
                        discardHeld(entry.directory(), entry.fingerprint());
                    }
                }
            } else if (Files.exists(entry.directory())) {
                discardHeld(entry.directory(), entry.fingerprint());
            }
            held.removeFile();
            return true;
        }
    }

    private List<Entry> entries() throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (Path directory : list(layout.baked())) {
            String fingerprint = directory.getFileName().toString();
            if (SnapshotLayout.isFingerprint(fingerprint)) {
                entry(directory, fingerprint).ifPresent(entries::add);
            }
        }
        entries.sort(Comparator.comparing(Entry::used));
        return entries;
    }

    private static Optional<Entry> entry(Path directory, String fingerprint) throws IOException {
        try {
            return Optional.of(new Entry(directory, fingerprint, lastUse(directory), blocks(directory)));
        } catch (NoSuchFileException | UncheckedIOException e) {
            // Somebody else pruned it just now.
            return Optional.empty();
        }
    }

    /** When a snapshot was last used; the beginning of time if it is gone. */
    static Instant lastUse(Path directory) {
        Path used = directory.resolve(SnapshotLayout.USED);
        try {
            return Files.getLastModifiedTime(Files.exists(used) ? used : directory)
                    .toInstant();
        } catch (IOException e) {
            return Instant.EPOCH;
        }
    }

    private static Map<Object, Long> blocks(Path directory) throws IOException {
        Map<Object, Long> blocks = new HashMap<>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                blocks.put(Files.getAttribute(file, "unix:ino"), SparseFile.allocatedBytes(file));
            }
        }
        return blocks;
    }

    /** A root image that several snapshots share takes its space once. */
    private static long total(List<Entry> entries) {
        Map<Object, Long> all = new HashMap<>();
        entries.forEach(entry -> all.putAll(entry.blocks()));
        return all.values().stream().mapToLong(Long::longValue).sum();
    }

    private static List<Path> list(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(directory)) {
            return children.sorted().toList();
        }
    }

    private static String fingerprintOf(Path temporary) {
        String name = temporary.getFileName().toString();
        int dot = name.indexOf('.');
        return dot < 0 ? "" : name.substring(0, dot);
    }
}
