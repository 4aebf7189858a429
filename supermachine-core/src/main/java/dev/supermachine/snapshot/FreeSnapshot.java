package dev.supermachine.snapshot;

import dev.supermachine.SnapshotException;
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
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Makes snapshots outside of a store, in directories that users name: out of another snapshot, whose files they share by hard links. Each is whole from the moment
 * that its directory is there, and complete by itself.
 */
public final class FreeSnapshot {

    /** The engines' files that may be shared, because nobody ever writes to them again. */
    private static final String RAM = SnapshotLayout.MACHINE + "/ram";

    private final Path directory;
    private final Snapshot origin;
    private final String what;

    private FreeSnapshot(Path directory, Snapshot origin, String what) {
        this.directory = directory.toAbsolutePath().normalize();
        this.origin = origin;
        this.what = what;
    }

    /**
     * Writes a snapshot of a machine.
     *
     * @param directory where; it must be empty or not exist
     * @param origin what the machine was restored from
     * @param machine the machine's name
     * @param details says what it is, after the capture
     * @param capture fills the directory of the engine's files, which it is given
     * @return the snapshot, checked
     * @throws SnapshotException if the directory cannot be used, or the files cannot be written; nothing is left then
     */
    public static Snapshot ofMachine(
            Path directory, Snapshot origin, String machine, Consumer<Path> capture, Details details) {
        return new FreeSnapshot(directory, origin, "The snapshot of the machine '" + machine + "'")
                .write(capture, details);
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

    private Snapshot write(Consumer<Path> capture, Details details) {
        try {
            requireUsable();
            Path parent = directory.getParent();
            Path temporary = directory.resolveSibling("." + directory.getFileName() + "."
                    + ProcessHandle.current().pid() + "." + UUID.randomUUID() + ".part");
            if (parent == null) {
                throw failure("is the root of a file system");
            }
            try {
                Instant created = Instant.now().truncatedTo(ChronoUnit.MILLIS);
                long start = System.nanoTime();
                BakeWorkspace workspace = new BakeWorkspace(temporary);
                capture.accept(workspace.machineDirectory());
                Duration duration = Duration.ofNanos(System.nanoTime() - start).truncatedTo(ChronoUnit.MILLIS);
                SparseFile.linkOrCopy(origin.rootImage(), workspace.rootImage());
                Integrity.seal(temporary, manifest(temporary, details.get().shortened(), created, duration));
                Files.move(temporary, directory, StandardCopyOption.ATOMIC_MOVE);
                PrivateFiles.sync(parent);
            } finally {
                PrivateFiles.deleteTree(temporary);
            }
            return Snapshot.openChecked(directory);
        } catch (IOException e) {
            throw new SnapshotException(
                    what + " could not be written to " + directory + ": " + PrivateFiles.describe(e) + ".", e);
        }
    }

    private SnapshotManifest manifest(Path temporary, SnapshotDetails details, Instant created, Duration duration)
            throws IOException {
        Map<String, SnapshotFile> shared = new HashMap<>();
        for (SnapshotFile file : origin.manifest().files()) {
            if (file.path().equals(RAM) || file.path().equals(SnapshotLayout.ROOT_IMAGE)) {
                shared.put(file.path(), file);
            }
        }
        List<SnapshotFile> files = Integrity.scan(temporary, shared);
        String base = origin.manifest().base();
        return new SnapshotManifest(
                SnapshotManifest.FORMAT_VERSION,
                fingerprint(files),
                origin.manifest().name(),
                base.isEmpty() ? origin.manifest().fingerprint() : base,
                details,
                created,
                duration,
                files);
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
