package dev.supermachine.cli;

import dev.supermachine.SnapshotException;
import dev.supermachine.snapshot.Snapshot;
import dev.supermachine.snapshot.SnapshotStore;
import dev.supermachine.snapshot.StoredSnapshot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Finds the one snapshot that somebody means. */
final class Snapshots {

    private static final int LEAST_OF_FINGERPRINT = 4;

    private Snapshots() {}

    /** A snapshot's directory, or the manifest in it; empty if the text is neither. */
    static Optional<Path> directory(String text) {
        if (text.indexOf('\0') >= 0) {
            return Optional.empty();
        }
        Path path = Path.of(text);
        boolean isSnapshot = Files.isRegularFile(path.resolve("manifest.json"))
                || (path.endsWith("manifest.json") && Files.isRegularFile(path));
        return isSnapshot ? Optional.of(path) : Optional.empty();
    }

    /**
     * By its directory, its fingerprint or the beginning of that, its name, or its image.
     *
     * @throws SnapshotException if there is none, or more than one
     */
    static Snapshot named(String text, SnapshotStore store) {
        Optional<Path> directory = directory(text);
        if (directory.isPresent()) {
            return Snapshot.open(directory.get());
        }
        List<StoredSnapshot> found =
                store.list().stream().filter(there -> isMeant(there, text)).toList();
        if (found.size() != 1) {
            throw new SnapshotException(
                    found.isEmpty()
                            ? "There is no snapshot with the fingerprint, name or image '" + text + "' in "
                                    + store.root() + ". 'supermachine images' lists those there are."
                            : found.size() + " snapshots in " + store.root() + " have the fingerprint, name or image '"
                                    + text + "'. Give the fingerprint of one: "
                                    + found.stream()
                                            .map(there -> Words.brief(there.fingerprint()))
                                            .collect(Collectors.joining(", ")));
        }
        return Snapshot.open(found.get(0).directory());
    }

    private static boolean isMeant(StoredSnapshot there, String text) {
        return (text.length() >= LEAST_OF_FINGERPRINT && there.fingerprint().startsWith(text))
                || there.manifest()
                        .filter(manifest -> manifest.name().equals(text)
                                || manifest.details().imageReference().equals(text))
                        .isPresent();
    }
}
