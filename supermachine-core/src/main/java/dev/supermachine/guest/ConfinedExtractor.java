package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.tar.EntryType;
import dev.supermachine.tar.TarEntry;
import dev.supermachine.tar.TarReader;
import dev.supermachine.text.ForeignText;
import java.io.IOException;
import java.io.InputStream;
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

    private static final int SHOWN = 300;
    private static final long MAX_ENTRIES = 2_000_000;

    private final Path top;
    private final String subject;

    private record Finished(Path directory, int mode, FileTime modified) {}

    ConfinedExtractor(Path top, String subject) throws IOException {
        this.top = Files.createDirectories(top).toRealPath();
        this.subject = subject;
    }

    /**
     * Unpacks an archive.
     *
     * @param tar its bytes from the first; closed
     * @param maxBytes how long it may be
     * @return how many entries were made
     */
    long extract(InputStream tar, long maxBytes) throws IOException {
        try (TarReader archive = new TarReader(tar, new ExtractionErrors(subject), maxBytes)) {
            return extract(archive);
        }
    }

    private long extract(TarReader archive) throws IOException {
        // Permissions and times of directories come last, and from the inside out: a read-only one could not be filled.
        Deque<Finished> directories = new ArrayDeque<>();
        long entries = 0;
        long made = 0;
        for (TarEntry entry = archive.next(); entry != null; entry = archive.next()) {
            String name = entry.nameText();
            if (++entries > MAX_ENTRIES) {
                throw refused(name, "it is the entry after the first " + MAX_ENTRIES + ", which is the limit");
            }
            List<String> parts = parts(name);
            if (parts.isEmpty() || isSpecial(entry.type())) {
                continue;
            }
            Path path = place(name, parts);
            make(archive, entry, path);
            if (entry.type() == EntryType.DIRECTORY) {
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

    private static boolean isSpecial(EntryType type) {
        return switch (type) {
            case FILE, DIRECTORY, SYMLINK, HARD_LINK -> false;
            case CHARACTER_DEVICE, BLOCK_DEVICE, FIFO, OTHER -> true;
        };
    }

    private void make(TarReader archive, TarEntry entry, Path path) throws IOException {
        String name = entry.nameText();
        switch (entry.type()) {
            case DIRECTORY -> makeDirectory(path);
            case FILE -> {
                clear(name, path);
                write(archive, path);
                Files.setPosixFilePermissions(path, PosixMode.permissions(entry.mode()));
                Files.setLastModifiedTime(path, FileTime.from(entry.modified()));
            }
            case SYMLINK -> {
                clear(name, path);
                Files.createSymbolicLink(path, path(name, entry.linkNameText()));
            }
            case HARD_LINK -> {
                String target = entry.linkNameText();
                Path existing = place(target, parts(target));
                if (!Files.isRegularFile(existing, LinkOption.NOFOLLOW_LINKS)) {
                    throw refused(name, "it is a further name of " + shown(target) + ", which is no file here");
                }
                clear(name, path);
                Files.createLink(path, existing);
            }
            case CHARACTER_DEVICE, BLOCK_DEVICE, FIFO, OTHER -> throw new IllegalStateException("left out before");
        }
    }

    private static void write(TarReader archive, Path path) throws IOException {
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
                    throw refused(
                            name,
                            "it leads through " + shown(top.relativize(at).toString()) + ", which is a link or a file");
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
    private void clear(String name, Path path) throws IOException {
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            throw refused(name, "a directory of that name is at " + shown(path.toString()) + " already");
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
                    subject + ": the entry \"" + shown(name) + "\" has a name that this host cannot have: "
                            + shown(e.getReason()),
                    e);
        }
    }

    private static String shown(String name) {
        return ForeignText.line(name, SHOWN);
    }

    private MachineException refused(String name, String why) {
        return new MachineException(subject + ": the entry \"" + shown(name) + "\" was refused, because " + why
                + ". Nothing was written for it");
    }
}
