package dev.supermachine.snapshot;

import dev.supermachine.SnapshotException;
import dev.supermachine.engine.SnapshotFiles;
import dev.supermachine.hash.Sha256;
import dev.supermachine.linux.SparseFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Makes snapshots outside of a store, in directories that users name: out of another snapshot, whose files they share by hard links. Each is whole from the moment
 * that its directory is there, and complete by itself.
 */
public final class FreeSnapshot {

    private final Path directory;
    private final Snapshot origin;
    private final String what;

    /** Whether it stands on no other. */
    private final boolean compact;

    private FreeSnapshot(Path directory, Snapshot origin, String what, boolean compact) {
        this.directory = directory.toAbsolutePath().normalize();
        this.origin = origin;
        this.what = what;
        this.compact = compact;
    }

    /**
     * Writes a snapshot of a machine.
     *
     * @param directory where; it must be empty or not exist
     * @param origin what the machine was restored from
     * @param machine the machine's name
     * @param details says what it is, after the capture
     * @param capture writes the engine's files and those of the volumes
     * @return the snapshot
     * @throws SnapshotException if the directory cannot be used, or the files cannot be written; nothing is left then
     */
    public static Snapshot ofMachine(
            Path directory, Snapshot origin, String machine, Capture capture, Details details) {
        return new FreeSnapshot(directory, origin, "The snapshot of the machine '" + machine + "'", false)
                .write(capture, details);
    }

    /**
     * Writes a snapshot of the same state that stands on no other.
     *
     * @param directory where; it must be empty or not exist
     * @param origin what is to be compacted
     * @return the snapshot
     * @throws SnapshotException if the directory cannot be used, or the files cannot be written; nothing is left then
     */
    public static Snapshot compacted(Path directory, Snapshot origin) {
        FreeSnapshot snapshot = new FreeSnapshot(
                directory,
                origin,
                "The compacted snapshot '" + origin.manifest().name() + "'",
                true);
        return snapshot.write(
                workspace -> compact(origin, workspace), () -> origin.manifest().details());
    }

    private static void compact(Snapshot origin, BakeWorkspace workspace) throws IOException {
        SnapshotFiles.compact(
                origin.directory().resolve(SnapshotLayout.MACHINE),
                workspace.machineDirectory(),
                origin.manifest().details().memoryMib());
        List<Path> volumes = origin.volumes();
        for (int volume = 0; volume < volumes.size(); volume++) {
            SparseFile.linkOrCopy(volumes.get(volume), workspace.volume(volume));
        }
    }

    /** What writes the engine's files, and those of the volumes. */
    @FunctionalInterface
    public interface Capture {
        /**
         * Writes them.
         *
         * @param workspace where they go
         * @throws IOException if a file cannot be written
         */
        void into(BakeWorkspace workspace) throws IOException;
    }

    /** What a snapshot is, asked for after its capture. */
    @FunctionalInterface
    public interface Details {
        /**
         * What it is.
         *
         * @return the details
         */
        SnapshotDetails get();
    }

    private Snapshot write(Capture capture, Details details) {
        try {
            requireUsable();
            Path parent = directory.getParent();
            Path temporary = directory.resolveSibling("." + directory.getFileName() + "."
                    + ProcessHandle.current().pid() + "." + UUID.randomUUID() + ".part");
            if (parent == null) {
                throw failure("is the root of a file system");
            }
            Snapshot published;
            try {
                Instant created = Instant.now().truncatedTo(ChronoUnit.MILLIS);
                long start = System.nanoTime();
                BakeWorkspace workspace = new BakeWorkspace(temporary);
                capture.into(workspace);
                Duration duration = Duration.ofNanos(System.nanoTime() - start).truncatedTo(ChronoUnit.MILLIS);
                SparseFile.linkOrCopy(origin.rootImage(), workspace.rootImage());
                SnapshotManifest manifest = manifest(temporary, details.get().shortened(), created, duration);
                Integrity.seal(temporary, manifest);
                Files.move(temporary, directory, StandardCopyOption.ATOMIC_MOVE);
                PrivateFiles.sync(parent);
                // Whoever restores it compares all files before that.
                published = Snapshot.written(directory, manifest);
            } finally {
                PrivateFiles.deleteTree(temporary);
            }
            return published;
        } catch (IOException e) {
            throw new SnapshotException(
                    what + " could not be written to " + directory + ": " + PrivateFiles.describe(e)
                            + ". Nothing was left there. Make room if its file system is full, or name another directory.",
                    e);
        }
    }

    private SnapshotManifest manifest(Path temporary, SnapshotDetails details, Instant created, Duration duration)
            throws IOException {
        Map<String, SnapshotFile> shared = new HashMap<>();
        for (SnapshotFile file : origin.manifest().files()) {
            Path before = origin.directory().resolve(file.path());
            Path now = temporary.resolve(file.path());
            // The same inode; what had to be copied is looked at like anything that was written.
            if (Files.exists(now) && Files.isSameFile(before, now)) {
                shared.put(file.path(), file);
            }
        }
        List<SnapshotFile> files = Integrity.scan(temporary, shared);
        return new SnapshotManifest(
                SnapshotManifest.FORMAT_VERSION,
                fingerprint(files),
                origin.manifest().name(),
                compact ? "" : base(),
                details,
                created,
                duration,
                files);
    }

    /** All stand on one that stands on none. */
    private String base() {
        String base = origin.manifest().base();
        return base.isEmpty() ? origin.manifest().fingerprint() : base;
    }

    /** What differs from the origin is in the files, whose hashes so are the inputs. */
    private static String fingerprint(List<SnapshotFile> files) {
        StringBuilder text = new StringBuilder("supermachine snapshot of a machine 1\n");
        files.forEach(
                file -> text.append(file.path()).append(' ').append(file.hash()).append('\n'));
        return Sha256.hex(text.toString().getBytes(StandardCharsets.UTF_8));
    }

    private void requireUsable() throws IOException {
        if (Files.isDirectory(directory)) {
            try (Stream<Path> files = Files.list(directory)) {
                if (files.findAny().isPresent()) {
                    throw failure("is not empty. Name a directory that is empty, or does not exist yet");
                }
            }
        } else if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            throw failure("is no directory. Name one that is empty, or does not exist yet");
        } else if (directory.getParent() == null || !Files.isDirectory(directory.getParent())) {
            throw failure("cannot be made, because the directory above it does not exist. Make that first");
        }
    }

    private SnapshotException failure(String why) {
        return new SnapshotException(what + " cannot be written: " + directory + " " + why + ".");
    }
}
