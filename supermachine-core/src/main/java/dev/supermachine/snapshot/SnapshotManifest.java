package dev.supermachine.snapshot;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * What a snapshot is, as {@code manifest.json} in its directory says. It holds no absolute path, so that the directory can be moved.
 *
 * @param formatVersion the version of the manifest and of the directory's layout, {@value #FORMAT_VERSION} today
 * @param fingerprint the hash of everything that went into the bake, 64 hexadecimal digits
 * @param name the name that people know it by
 * @param details what the baker knew
 * @param created when the bake began
 * @param bakeDuration how long it took until the snapshot was captured
 * @param files every file of the snapshot but the manifest itself and the store's own notes
 */
public record SnapshotManifest(
        int formatVersion,
        String fingerprint,
        String name,
        SnapshotDetails details,
        Instant created,
        Duration bakeDuration,
        List<SnapshotFile> files) {

    /** The version that this library writes, and the only one it reads; others are re-baked. */
    public static final int FORMAT_VERSION = 3;

    /**
     * What the snapshot's own copy of a volume's disk is known by: all that the bake left in it.
     *
     * @param index the volume's number, from 0
     * @return the hash, as {@link ContentHash#of(java.nio.file.Path)}
     * @throws IllegalArgumentException if it has no such volume
     */
    public String volumeHash(int index) {
        String path = SnapshotLayout.volume(index);
        return files.stream()
                .filter(file -> file.path().equals(path))
                .map(SnapshotFile::hash)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("There is no " + path + " among " + files));
    }

    /** Copies the list. */
    public SnapshotManifest {
        files = List.copyOf(files);
    }
}
