package dev.supermachine.snapshot;

import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * Whether a snapshot's files are what its manifest says.
 *
 * <p>Presence, type and size of every file and the hashes of the small ones are checked at every opening. Large files are hashed in full, but only once for
 * the same inode, size and modification time: a note beside the manifest remembers what was verified. The note counts only with the manifest whose change
 * time it carries, so it does not survive a copy or an archive. A change that keeps size and modification time of a large file, such as a failing disk, is
 * not noticed after that.
 */
final class Integrity {

    private static final long MANIFEST_LIMIT = 1 << 20;
    private static final Set<String> NOTES =
            Set.of(SnapshotLayout.MANIFEST, SnapshotLayout.VERIFIED, SnapshotLayout.USED);

    private Integrity() {}

    /** Lists and hashes the files of a directory that is to become a snapshot. */
    static List<SnapshotFile> scan(Path directory) throws IOException {
        List<SnapshotFile> files = new ArrayList<>();
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                String path = directory.relativize(file).toString();
                if (!attributes.isRegularFile()) {
                    throw new IOException(
                            "A snapshot holds regular files only, but the bake left " + path + ", which is none");
                }
                if (!NOTES.contains(path)) {
                    files.add(new SnapshotFile(path, attributes.size(), ContentHash.of(file)));
                }
                return FileVisitResult.CONTINUE;
            }
        });
        files.sort(Comparator.comparing(SnapshotFile::path));
        return files;
    }

    /** Reads the manifest of a snapshot and checks the files against it. */
    static SnapshotManifest check(Path directory) throws IOException {
        SnapshotManifest manifest = readManifest(directory);
        Map<String, String> verified = readNote(directory);
        boolean hashed = false;
        for (SnapshotFile file : manifest.files()) {
            Path path = directory.resolve(file.path());
            BasicFileAttributes attributes = attributes(path)
                    .orElseThrow(() -> new DamagedSnapshotException("its file " + file.path() + " is missing"));
            if (!attributes.isRegularFile()) {
                throw new DamagedSnapshotException("its file " + file.path() + " is not a regular file");
            }
            if (attributes.size() != file.size()) {
                throw new DamagedSnapshotException("its file " + file.path() + " should have " + file.size()
                        + " bytes, but has " + attributes.size());
            }
            if (ContentHash.isSmall(file) || !stamp(file, attributes).equals(verified.get(file.path()))) {
                checkHash(file, path);
                hashed |= !ContentHash.isSmall(file);
            }
        }
        if (hashed) {
            writeNote(directory, manifest);
        }
        return manifest;
    }

    static SnapshotManifest readManifest(Path directory) throws IOException {
        Path path = directory.resolve(SnapshotLayout.MANIFEST);
        BasicFileAttributes attributes = attributes(path)
                .filter(BasicFileAttributes::isRegularFile)
                .orElseThrow(() -> new DamagedSnapshotException("it has no " + SnapshotLayout.MANIFEST));
        if (attributes.size() > MANIFEST_LIMIT) {
            throw new DamagedSnapshotException("its " + SnapshotLayout.MANIFEST + " has " + attributes.size()
                    + " bytes, at most " + MANIFEST_LIMIT + " are read");
        }
        return ManifestFormat.read(Files.readAllBytes(path));
    }

    /** Remembers that the large files are as the manifest says. A store that cannot be written to does without. */
    static void writeNote(Path directory, SnapshotManifest manifest) {
        Path temporary = directory.resolve(SnapshotLayout.VERIFIED + "." + UUID.randomUUID());
        try {
            Map<String, Object> stamps = new LinkedHashMap<>();
            for (SnapshotFile file : manifest.files()) {
                if (!ContentHash.isSmall(file)) {
                    Path path = directory.resolve(file.path());
                    stamps.put(file.path(), stamp(file, Files.readAttributes(path, BasicFileAttributes.class)));
                }
            }
            Map<String, Object> note = new LinkedHashMap<>();
            note.put("manifest", manifestStamp(directory));
            note.put("files", stamps);
            PrivateFiles.writeNew(temporary, JsonWriter.indented(note).getBytes(StandardCharsets.UTF_8));
            Files.move(temporary, directory.resolve(SnapshotLayout.VERIFIED), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            deleteQuietly(temporary);
        }
    }

    private static Map<String, String> readNote(Path directory) {
        try {
            Path path = directory.resolve(SnapshotLayout.VERIFIED);
            if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) || Files.size(path) > MANIFEST_LIMIT) {
                return Map.of();
            }
            JsonDocument note = JsonDocument.parse(Files.readAllBytes(path));
            return note.string("manifest").equals(manifestStamp(directory)) ? note.stringMap("files") : Map.of();
        } catch (IOException e) {
            return Map.of();
        }
    }

    private static void checkHash(SnapshotFile file, Path path) throws IOException {
        String found = ContentHash.of(path);
        if (!found.equals(file.hash())) {
            throw new DamagedSnapshotException(
                    "its file " + file.path() + " should have the hash " + file.hash() + ", but has " + found);
        }
    }

    private static Optional<BasicFileAttributes> attributes(Path path) {
        try {
            return Optional.of(Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The hash is in it, so that a note never vouches for what another manifest says. */
    private static String stamp(SnapshotFile file, BasicFileAttributes attributes) {
        return attributes.fileKey() + " " + attributes.size() + " "
                + attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS) + " " + file.hash();
    }

    private static String manifestStamp(Path directory) throws IOException {
        Path manifest = directory.resolve(SnapshotLayout.MANIFEST);
        FileTime changed = (FileTime) Files.getAttribute(manifest, "unix:ctime", LinkOption.NOFOLLOW_LINKS);
        return changed.to(TimeUnit.NANOSECONDS) + " " + Files.getAttribute(manifest, "unix:ino");
    }

    private static void deleteQuietly(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // A leftover note of a few bytes; it goes with its snapshot.
            return;
        }
    }
}
