package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.rootfs.TarArchive;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Unpacks an archive that is not trusted below one directory. A name with {@code ..} or from the root is refused; every directory on the way to an entry has
 * to be a real one, so that a link which the archive itself made leads nowhere. Nobody else is expected to write to the directory meanwhile.
 */
final class ConfinedExtractor {

    private static final long MAX_ENTRIES = 2_000_000;

    private final Path top;
    private final String subject;

    private record Finished(Path directory, int mode, FileTime modified) {}

    ConfinedExtractor(Path top, String subject) throws IOException {
        this.top = Files.createDirectories(top).toRealPath();
        this.subject = subject;
    }

    /** How many entries were made. */
    long extract(TarArchive archive) throws IOException {
        // Permissions and times of directories come last, and from the inside out: a read-only one could not be filled.
        Deque<Finished> directories = new ArrayDeque<>();
        long entries = 0;
        long made = 0;
        for (TarArchive.Entry entry = archive.next(); entry != null; entry = archive.next()) {
            if (++entries > MAX_ENTRIES) {
                throw refused(entry.name(), "it is the entry after the first " + MAX_ENTRIES + ", which is the limit");
            }
            List<String> parts = parts(entry.name());
            if (parts.isEmpty() || entry.kind() == TarArchive.Kind.SPECIAL) {
                continue;
            }
            Path path = place(entry.name(), parts);
            make(archive, entry, path);
            if (entry.kind() == TarArchive.Kind.DIRECTORY) {
                directories.push(new Finished(path, entry.mode(), FileTime.from(entry.modified())));
            }
            made++;
        }
        for (Finished directory : directories) {
            if (Files.isDirectory(directory.directory(), LinkOption.NOFOLLOW_LINKS)) {
                Files.setPosixFilePermissions(directory.directory(), PosixMode.permissions(directory.mode()));
                Files.setLastModifiedTime(directory.directory(), directory.modified());
            }
        }
        return made;
    }

    private void make(TarArchive archive, TarArchive.Entry entry, Path path) throws IOException {
        switch (entry.kind()) {
            case DIRECTORY -> makeDirectory(path);
            case FILE -> {
                clear(entry, path);
                write(archive, path);
                Files.setPosixFilePermissions(path, PosixMode.permissions(entry.mode()));
                Files.setLastModifiedTime(path, FileTime.from(entry.modified()));
            }
            case SYMBOLIC_LINK -> {
                clear(entry, path);
                Files.createSymbolicLink(path, path(entry.name(), entry.target()));
            }
            case HARD_LINK -> {
                Path existing = place(entry.target(), parts(entry.target()));
                if (!Files.isRegularFile(existing, LinkOption.NOFOLLOW_LINKS)) {
                    throw refused(
                            entry.name(), "it is a further name of " + entry.target() + ", which is no file here");
                }
                clear(entry, path);
                Files.createLink(path, existing);
            }
            case SPECIAL -> throw new IllegalStateException("left out before");
        }
    }

    private static void write(TarArchive archive, Path path) throws IOException {
        byte[] buffer = new byte[GuestStream.CHUNK];
        try (OutputStream out = Files.newOutputStream(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (int count = archive.read(buffer, 0, buffer.length);
                    count >= 0;
                    count = archive.read(buffer, 0, buffer.length)) {
                out.write(buffer, 0, count);
            }
        }
    }

    /** Where an entry belongs; every directory above is made, or is a directory already and no link. */
    private Path place(String name, List<String> parts) throws IOException {
        Path at = top;
        for (int i = 0; i < parts.size(); i++) {
            at = at.resolve(path(name, parts.get(i)));
            if (i < parts.size() - 1 && !Files.isDirectory(at, LinkOption.NOFOLLOW_LINKS)) {
                if (Files.exists(at, LinkOption.NOFOLLOW_LINKS)) {
                    throw refused(name, "it leads through " + top.relativize(at) + ", which is a link or a file");
                }
                Files.createDirectory(at);
            }
        }
        return at;
    }

    private static void makeDirectory(Path path) throws IOException {
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            Files.deleteIfExists(path);
            Files.createDirectory(path);
        }
    }

    /** Makes room for something that is no directory. */
    private void clear(TarArchive.Entry entry, Path path) throws IOException {
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            throw refused(entry.name(), "a directory of that name is at " + path + " already");
        }
        Files.deleteIfExists(path);
    }

    private List<String> parts(String name) {
        if (name.startsWith("/")) {
            throw refused(name, "its name begins at the root");
        }
        List<String> parts = new ArrayList<>();
        for (String part : name.split("/", -1)) {
            if (part.equals("..")) {
                throw refused(name, "its name leads out of the directory");
            }
            if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        return parts;
    }

    private Path path(String name, String text) {
        try {
            return top.getFileSystem().getPath(text);
        } catch (InvalidPathException e) {
            throw new MachineException(
                    subject + ": the entry \"" + name + "\" has a name that this host cannot have: " + e.getMessage(),
                    e);
        }
    }

    private MachineException refused(String name, String why) {
        return new MachineException(
                subject + ": the entry \"" + name + "\" was refused, because " + why + ". Nothing was written for it");
    }
}
