package dev.supermachine.snapshot;

import dev.supermachine.SnapshotException;
import dev.supermachine.engine.SnapshotSource;
import dev.supermachine.linux.FileLock;
import dev.supermachine.linux.StoreTrouble;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** A finished snapshot on disk, checked when it was opened. Immutable and thread-safe; the files may vanish unless {@link #acquireUse()} is held. */
public final class Snapshot {

    private final Path directory;
    private final SnapshotManifest manifest;

    private Snapshot(Path directory, SnapshotManifest manifest) {
        this.directory = directory;
        this.manifest = manifest;
    }

    /**
     * Opens a snapshot and checks it: versions, the presence and size of every file, the hashes of small files at each opening and those of large ones once
     * in each process for each state of the file; see {@code docs/snapshot-format.md}.
     *
     * @param path the snapshot's directory, or the manifest in it
     * @return the snapshot
     * @throws SnapshotException if there is none, or it is damaged or of another format version
     */
    public static Snapshot open(Path path) {
        Path directory = directoryOf(path);
        if (!Files.isDirectory(directory)) {
            throw new SnapshotException("There is no snapshot at " + path + ". Expected a snapshot's directory or the "
                    + SnapshotLayout.MANIFEST + " in it.");
        }
        try {
            return openChecked(directory);
        } catch (IOException e) {
            throw unusable(directory, e);
        }
    }

    /** As {@link #open(Path)}, with the reason apart. */
    static Snapshot openChecked(Path directory) throws IOException {
        Path absolute = directory.toAbsolutePath().normalize();
        return new Snapshot(absolute, Integrity.check(absolute));
    }

    /**
     * Checks it again as at its opening. That costs next to nothing as long as no file was touched since.
     *
     * @throws SnapshotException if it is damaged, or another snapshot took its place
     */
    public void requireUnchanged() {
        try {
            if (!Integrity.check(directory).equals(manifest)) {
                throw new DamagedSnapshotException("another one took its place since it was opened");
            }
        } catch (IOException e) {
            throw unusable(directory, e);
        }
    }

    /**
     * Where it is.
     *
     * @return an absolute path
     */
    public Path directory() {
        return directory;
    }

    /**
     * What it is.
     *
     * @return the manifest
     */
    public SnapshotManifest manifest() {
        return manifest;
    }

    /**
     * The root image that the machine was booted with.
     *
     * @return an absolute path inside {@link #directory()}
     */
    public Path rootImage() {
        return directory.resolve(SnapshotLayout.ROOT_IMAGE);
    }

    /**
     * The disks that its machines write to, as the bake left them.
     *
     * @return absolute paths inside {@link #directory()}, in the order of the volumes
     */
    public List<Path> volumes() {
        return IntStream.range(0, manifest.details().volumes().size())
                .mapToObj(index -> directory.resolve(SnapshotLayout.volume(index)))
                .toList();
    }

    /**
     * What an engine needs to restore it.
     *
     * @param machineName the name of the machine to be
     * @return the source
     */
    public SnapshotSource source(String machineName) {
        return new SnapshotSource(
                        machineName,
                        directory.resolve(SnapshotLayout.MACHINE),
                        rootImage(),
                        manifest.details().memoryMib(),
                        manifest.details().vcpus())
                .withVolumes(volumes());
    }

    /**
     * Checks that an engine made it, in exactly this form.
     *
     * @param engineId the engine that is to restore it
     * @param engineIdentity that engine's {@link dev.supermachine.engine.Hypervisor#identity()}
     * @throws SnapshotException if it is of another engine or another identity, naming both
     */
    public void requireEngine(String engineId, String engineIdentity) {
        SnapshotDetails details = manifest.details();
        if (!details.engineId().equals(engineId) || !details.engineIdentity().equals(engineIdentity)) {
            throw new SnapshotException("The snapshot " + directory
                    + " cannot be restored here: it was captured by engine "
                    + details.engineId() + " (" + details.engineIdentity() + "), this machine has engine " + engineId
                    + " (" + engineIdentity + "). Bake it on a machine like this one.");
        }
    }

    /**
     * Keeps the files in place until the result is closed, and counts as the latest use.
     *
     * @return the use, held
     * @throws SnapshotException if the snapshot is just being removed, is gone, or lies where files cannot be locked
     */
    public SnapshotUse acquireUse() {
        try {
            return tryUse().orElseThrow(() -> new SnapshotException(goneMessage()));
        } catch (IOException e) {
            if (!Files.exists(directory.resolve(SnapshotLayout.MANIFEST))) {
                throw new SnapshotException(goneMessage(), e);
            }
            throw new SnapshotException(
                    "The snapshot '" + manifest.name() + "' in " + directory
                            + " cannot be kept from being removed while it is used: " + StoreTrouble.reason(e) + ".",
                    e);
        }
    }

    /** The use, or nothing if the snapshot is just being removed; fails if it is gone. */
    Optional<SnapshotUse> tryUse() throws IOException {
        Optional<FileLock> lock = FileLock.tryShareExisting(directory.resolve(SnapshotLayout.MANIFEST));
        if (lock.isEmpty()) {
            return Optional.empty();
        }
        if (!lock.get().isCurrent()) {
            lock.get().close();
            return Optional.empty();
        }
        touch();
        return Optional.of(new SnapshotUse(this, lock.get()));
    }

    /**
     * The directory, name and fingerprint.
     *
     * @return a text for messages
     */
    @Override
    public String toString() {
        return "snapshot '" + manifest.name() + "' in " + directory;
    }

    private static SnapshotException unusable(Path directory, IOException cause) {
        if (cause instanceof DamagedSnapshotException) {
            return new SnapshotException(
                    "The snapshot " + directory + " cannot be used: " + cause.getMessage()
                            + ". Bake it again, or copy it anew.",
                    cause);
        }
        return new SnapshotException(
                "The snapshot " + directory + " cannot be read: " + PrivateFiles.describe(cause)
                        + ". Check that it lies on a local file system and belongs to you.",
                cause);
    }

    private String goneMessage() {
        return "The snapshot '" + manifest.name() + "' in " + directory
                + " was removed meanwhile, by a prune or by hand. Ask the store for it again.";
    }

    /** Remembers the use for the order in which prune removes; a store that cannot be written to is not pruned either. */
    private void touch() {
        Path used = directory.resolve(SnapshotLayout.USED);
        try {
            Files.setLastModifiedTime(used, FileTime.from(Instant.now()));
        } catch (IOException e) {
            // Only its place in the order of removal is lost.
            return;
        }
    }

    private static Path directoryOf(Path path) {
        Path absolute = path.toAbsolutePath();
        Path parent = absolute.getParent();
        boolean isManifest = absolute.endsWith(SnapshotLayout.MANIFEST) && !Files.isDirectory(absolute);
        return isManifest && parent != null ? parent : absolute;
    }
}
