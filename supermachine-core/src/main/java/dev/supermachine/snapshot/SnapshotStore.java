package dev.supermachine.snapshot;

import dev.supermachine.BakeException;
import dev.supermachine.SnapshotException;
import dev.supermachine.linux.FileLock;
import dev.supermachine.linux.StoreTrouble;
import dev.supermachine.settings.Settings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The snapshots of a user, shared by all JVMs. Of those that want the same fingerprint at once exactly one bakes; what it makes becomes visible by one rename,
 * whole and on disk. A process that dies leaves no lock and nothing but a temporary directory that the next bake removes. Thread-safe.
 */
public final class SnapshotStore {

    private static final Logger LOG = LoggerFactory.getLogger(SnapshotStore.class);
    private static final int CONSOLE_CHARACTERS = 16 * 1024;

    private final SnapshotLayout layout;
    private final Pruner pruner;
    private final long maxBytes;
    private final Duration maxAge;

    /**
     * A store with the limits of the settings.
     *
     * @param root its directory, made when the first snapshot is
     * @param settings where the limits are
     */
    public SnapshotStore(Path root, Settings settings) {
        this(root, settings.snapshotsMaxBytes(), settings.snapshotsMaxAge());
    }

    /**
     * A store with limits of one's own.
     *
     * @param root its directory, made when the first snapshot is
     * @param maxBytes what snapshots may take on disk before a bake removes the longest unused
     * @param maxAge how long a snapshot may stay unused before a bake removes it
     */
    public SnapshotStore(Path root, long maxBytes, Duration maxAge) {
        this.layout = new SnapshotLayout(root.toAbsolutePath().normalize());
        this.pruner = new Pruner(layout);
        this.maxBytes = maxBytes;
        this.maxAge = maxAge;
    }

    /**
     * The store that the settings name, with their limits.
     *
     * @param settings where to look
     * @return the store
     */
    public static SnapshotStore of(Settings settings) {
        return new SnapshotStore(settings.snapshotsDirectory(), settings);
    }

    /**
     * Where it is.
     *
     * @return an absolute path
     */
    public Path root() {
        return layout.root();
    }

    /**
     * A snapshot that is there.
     *
     * @param fingerprint the hash of the bake's inputs
     * @return the snapshot, checked; or empty if there is none
     * @throws SnapshotException if there is one but it cannot be used
     */
    public Optional<Snapshot> find(String fingerprint) {
        Path directory = layout.snapshot(fingerprint);
        if (!Files.isDirectory(directory)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Snapshot.open(directory));
        } catch (SnapshotException e) {
            if (!Files.isDirectory(directory)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * The snapshot of a fingerprint, baked if there is none that can be used. If another process or thread bakes it, this one waits, says so, and takes the
     * result; if the other fails or dies, this one bakes. A snapshot that is damaged or of another format is baked anew, with one line in the log saying why.
     * Ends with {@link #prune}.
     *
     * @param name what people call it, for the manifest and messages
     * @param fingerprint the hash of the bake's inputs
     * @param action makes the snapshot; runs in this thread, at most once
     * @param onWaiting told whom this waits for
     * @return the snapshot, checked, and held from before anybody could prune it
     * @throws BakeException if the files cannot be written, or the thread is interrupted while waiting; and whatever the action throws
     */
    public SnapshotUse bakeOnce(String name, String fingerprint, BakeAction action, WaitListener onWaiting) {
        Path directory = layout.snapshot(fingerprint);
        try {
            Optional<SnapshotUse> ready = useQuietly(directory, fingerprint);
            if (ready.isPresent()) {
                return ready.get();
            }
            PrivateFiles.makeDirectories(layout.locks());
            SnapshotUse use;
            try (BakeLock lock = BakeLock.acquire(layout.lock(fingerprint), name, onWaiting)) {
                lock.writeHolder(name);
                Optional<Snapshot> usable = openOrDiscard(name, directory, fingerprint);
                if (usable.isPresent()) {
                    return usable.get().acquireUse();
                }
                pruner.sweepHeld(fingerprint);
                use = bake(name, fingerprint, action).acquireUse();
            }
            tidy(fingerprint);
            return use;
        } catch (IOException e) {
            throw new BakeException(
                    "The snapshot of '" + name + "' could not be stored in " + layout.root() + ": " + trouble(e), e);
        }
    }

    /**
     * What the snapshots that are there say of themselves. Those that cannot be read are left out; none is checked.
     *
     * @return their manifests, in no particular order
     */
    public List<SnapshotManifest> manifests() {
        return new SimilarSnapshots(layout).manifests();
    }

    /**
     * Why a bake is necessary although the store has a snapshot of the same thing: it was captured by another engine, or on another kind of processor, or has
     * another format.
     *
     * @param name what people call it
     * @param wanted what is to be baked; its console is ignored
     * @return a sentence for people; empty if there is no such snapshot
     */
    public Optional<String> whyNotReused(String name, SnapshotDetails wanted) {
        return new SimilarSnapshots(layout).whyNotReused(name, wanted);
    }

    /**
     * Removes snapshots that were unused for too long, then the longest unused until the rest fits. What is in use by any process stays. Sizes are what files
     * take on disk, and a file that several snapshots share counts once.
     *
     * @param bytes what the snapshots may take together
     * @param age how long one may stay unused
     * @return what was removed and what could not be
     * @throws SnapshotException if the store cannot be read or written
     */
    public PruneReport prune(long bytes, Duration age) {
        try {
            PrivateFiles.makeDirectories(layout.locks());
            pruner.sweep();
            return pruner.prune(bytes, age, "");
        } catch (IOException e) {
            throw new SnapshotException("The snapshots in " + layout.root() + " could not be pruned: " + trouble(e), e);
        }
    }

    /**
     * The digest for values of environment variables, under this store's key, which is made at the first call.
     *
     * @return the digest
     * @throws SnapshotException if the key cannot be read or made
     */
    public EnvironmentDigest environmentDigest() {
        Path key = layout.environmentKey();
        try {
            if (!Files.exists(key)) {
                PrivateFiles.makeDirectories(layout.locks());
                try (FileLock lock = FileLock.exclusive(layout.locks().resolve("environment.lock"))) {
                    if (lock.isCurrent() && !Files.exists(key)) {
                        byte[] random = new byte[EnvironmentDigest.KEY_BYTES];
                        new SecureRandom().nextBytes(random);
                        Path temporary = key.resolveSibling("environment.key.new");
                        try {
                            // One left behind is of somebody who held the lock and is gone.
                            Files.deleteIfExists(temporary);
                            PrivateFiles.writeNew(temporary, random);
                            Files.move(temporary, key, StandardCopyOption.ATOMIC_MOVE);
                        } finally {
                            Files.deleteIfExists(temporary);
                        }
                        PrivateFiles.sync(layout.root());
                    }
                }
            }
            return new EnvironmentDigest(Files.readAllBytes(key));
        } catch (IOException e) {
            throw new SnapshotException("The key " + key + " cannot be read or made: " + trouble(e), e);
        } catch (IllegalArgumentException e) {
            throw new SnapshotException(
                    "The key " + key + " cannot be used: " + e.getMessage() + ". Delete it; a new one is made.", e);
        }
    }

    /**
     * Where the memory ledger of all JVMs lives.
     *
     * @return a directory in the store; it may not exist yet
     */
    public Path ledgerDirectory() {
        return layout.ledger();
    }

    private String trouble(IOException e) {
        return StoreTrouble.describe(e, layout.root(), "supermachine.snapshots.dir");
    }

    private Snapshot bake(String name, String fingerprint, BakeAction action) throws IOException {
        Path temporary = layout.temporary()
                .resolve(fingerprint + "." + ProcessHandle.current().pid() + "." + UUID.randomUUID());
        try {
            BakeWorkspace workspace = new BakeWorkspace(temporary);
            Instant created = Instant.now().truncatedTo(ChronoUnit.MILLIS);
            long start = System.nanoTime();
            SnapshotDetails details = action.bake(workspace);
            Duration duration = Duration.ofNanos(System.nanoTime() - start).truncatedTo(ChronoUnit.MILLIS);
            if (!Files.isRegularFile(workspace.rootImage())) {
                throw new IllegalStateException("The bake of '" + name + "' left no root image in its workspace");
            }
            SnapshotManifest manifest = new SnapshotManifest(
                    SnapshotManifest.FORMAT_VERSION,
                    fingerprint,
                    name,
                    shortened(details),
                    created,
                    duration,
                    Integrity.scan(temporary));
            return publish(temporary, manifest);
        } finally {
            PrivateFiles.deleteTree(temporary);
        }
    }

    /** The manifest is written last, everything is on disk before the rename, and the rename before anybody hears of it. */
    private Snapshot publish(Path temporary, SnapshotManifest manifest) throws IOException {
        byte[] text = ManifestFormat.write(manifest).getBytes(StandardCharsets.UTF_8);
        if (!ManifestFormat.read(text).equals(manifest)) {
            throw new IllegalStateException("The manifest does not survive being written: " + manifest);
        }
        PrivateFiles.writeNew(temporary.resolve(SnapshotLayout.USED), new byte[0]);
        PrivateFiles.writeNew(temporary.resolve(SnapshotLayout.MANIFEST), text);
        PrivateFiles.secureAndSync(temporary);
        PrivateFiles.makeDirectories(layout.baked());
        Path target = layout.snapshot(manifest.fingerprint());
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        PrivateFiles.sync(layout.baked());
        return Snapshot.openChecked(target);
    }

    /** Without the lock, somebody may be removing it; whatever is wrong is looked at again, and said, under the lock. */
    private static Optional<SnapshotUse> useQuietly(Path directory, String fingerprint) {
        try {
            return Files.isDirectory(directory)
                    ? openFor(directory, fingerprint).tryUse()
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private Optional<Snapshot> openOrDiscard(String name, Path directory, String fingerprint) throws IOException {
        if (!Files.isDirectory(directory)) {
            return Optional.empty();
        }
        try {
            return Optional.of(openFor(directory, fingerprint));
        } catch (DamagedSnapshotException e) {
            LOG.warn("Baking '{}' again, because the snapshot {} cannot be used: {}", name, directory, e.getMessage());
            pruner.discardHeld(directory, fingerprint);
            return Optional.empty();
        }
    }

    private static Snapshot openFor(Path directory, String fingerprint) throws IOException {
        Snapshot snapshot = Snapshot.openChecked(directory);
        if (!snapshot.manifest().fingerprint().equals(fingerprint)) {
            throw new DamagedSnapshotException("it is that of other inputs, with the fingerprint "
                    + snapshot.manifest().fingerprint());
        }
        return snapshot;
    }

    /** A bake has succeeded even if the tidying up after it has not. */
    private void tidy(String keep) {
        try {
            pruner.sweep();
            PruneReport report = pruner.prune(maxBytes, maxAge, keep);
            if (!report.removed().isEmpty()) {
                LOG.info(
                        "Removed {} snapshots from {}, which now take {} MiB",
                        report.removed().size(),
                        layout.root(),
                        report.remainingBytes() >> 20);
            }
        } catch (IOException e) {
            LOG.warn("Could not remove old snapshots from {}: {}", layout.root(), PrivateFiles.describe(e));
        }
    }

    private static SnapshotDetails shortened(SnapshotDetails details) {
        String tail = details.consoleTail();
        if (tail.length() <= CONSOLE_CHARACTERS) {
            return details;
        }
        return details.withConsoleTail(tail.substring(tail.length() - CONSOLE_CHARACTERS));
    }
}
