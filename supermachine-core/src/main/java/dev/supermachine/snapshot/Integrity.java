package dev.supermachine.snapshot;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Whether a snapshot's files are what its manifest says.
 *
 * <p>Presence, type and size of every file and the hashes of the small ones are checked each time. Large files are hashed in full by each process before their
 * first use, and again when their inode, size, modification or change time is another: every way to write to a file through its file system changes the last,
 * and nobody can set it back. Nothing is remembered on disk.
 */
final class Integrity {

    private static final long MANIFEST_LIMIT = 1 << 20;
    private static final Set<String> NOTES = Set.of(SnapshotLayout.MANIFEST, SnapshotLayout.USED);

    /** Time stamps come from the kernel's tick, which is 10 ms at most: within it, a file could change without another stamp. */
    private static final long SETTLED_NANOS = 100_000_000;

    private static final VerifiedFiles VERIFIED = new VerifiedFiles();

    private Integrity() {}

    /** Makes a directory a snapshot: the manifest is written last, and everything is on disk afterwards. */
    static void seal(Path directory, SnapshotManifest manifest) throws IOException {
        byte[] text = ManifestFormat.write(manifest).getBytes(StandardCharsets.UTF_8);
        if (!ManifestFormat.read(text).equals(manifest)) {
            throw new IllegalStateException("The manifest does not survive being written: " + manifest);
        }
        PrivateFiles.writeNew(directory.resolve(SnapshotLayout.USED), new byte[0]);
        PrivateFiles.writeNew(directory.resolve(SnapshotLayout.MANIFEST), text);
        PrivateFiles.secureAndSync(directory);
    }

    /**
     * Lists and hashes the files of a directory that is to become a snapshot.
     *
     * @param known files, by their paths, which are names or copies of ones that were hashed before
     */
    static List<SnapshotFile> scan(Path directory, Map<String, SnapshotFile> known) throws IOException {
        List<SnapshotFile> files = new ArrayList<>();
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                String path = directory.relativize(file).toString();
                if (!attributes.isRegularFile()) {
                    throw new IOException(
                            "A snapshot holds regular files only, but the bake left " + path + ", which is none");
                }
                SnapshotFile before = known.get(path);
                if (before != null) {
                    files.add(before);
                } else if (!NOTES.contains(path)) {
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
            if (ContentHash.isSmall(file)) {
                checkHash(file, path);
            } else {
                VERIFIED.verify(stamp(file, path), isSettled(path), () -> checkHash(file, path));
            }
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

    /** The hash is in it, so that what was found for one manifest never vouches for another. */
    private static String stamp(SnapshotFile file, Path path) throws IOException {
        Map<String, Object> state =
                Files.readAttributes(path, "unix:dev,ino,size,lastModifiedTime,ctime", LinkOption.NOFOLLOW_LINKS);
        return new TreeMap<>(state) + " " + file.hash();
    }

    private static boolean isSettled(Path path) throws IOException {
        FileTime changed = (FileTime) Files.getAttribute(path, "unix:ctime", LinkOption.NOFOLLOW_LINKS);
        return Duration.between(changed.toInstant(), Instant.now()).toNanos() >= SETTLED_NANOS;
    }
}
