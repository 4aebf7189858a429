package dev.supermachine.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Directories for targets that write, in memory where the machine has that: a target runs thousands of times a minute. */
public final class Scratch {

    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    private Scratch() {}

    /** A new directory; it goes with the JVM. */
    public static Path directory(String prefix) {
        try {
            Path directory = Files.isWritable(SHARED_MEMORY)
                    ? Files.createTempDirectory(SHARED_MEMORY, prefix)
                    : Files.createTempDirectory(prefix);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> clear(directory, true)));
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Empties a directory, whatever the permissions inside are. */
    public static void clear(Path directory) {
        clear(directory, false);
    }

    private static void clear(Path top, boolean itself) {
        try {
            Files.walkFileTree(top, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                        throws IOException {
                    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                        throws IOException {
                    if (itself || !directory.equals(top)) {
                        Files.delete(directory);
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Everything below a directory, by relative path, with its size; links are not followed. */
    public static List<String> listing(Path top) {
        try (Stream<Path> all = Files.walk(top)) {
            return all.map(path -> top.relativize(path) + " " + describe(path))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String describe(Path path) {
        try {
            BasicFileAttributes attributes =
                    Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return attributes.isRegularFile()
                    ? attributes.size() + " bytes, " + Files.getAttribute(path, "unix:nlink") + " names, changed "
                            + attributes.lastModifiedTime()
                    : attributes.isDirectory() ? "directory" : "other";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
