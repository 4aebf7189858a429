package dev.supermachine.rootfs;

import dev.supermachine.ImageException;
import dev.supermachine.hash.Sha256;
import dev.supermachine.tar.TarWriter;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestOutputStream;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Files, directories and symbolic links of this host that go over the layers of an image, as one more layer. Everything belongs to root there and has the time
 * 0; content, permissions and the targets of links are the host's. They are read when this is made, and known by what was read from then on: what has changed
 * meanwhile is never used. Immutable and thread-safe.
 *
 * @since 0.1
 */
public final class ExtraFiles {

    private static final ExtraFiles NONE = new ExtraFiles(new TreeMap<>(), "");

    private final NavigableMap<String, Path> files;
    private final String digest;

    private ExtraFiles(NavigableMap<String, Path> files, String digest) {
        this.files = files;
        this.digest = digest;
    }

    /**
     * No files at all.
     *
     * @return those
     */
    public static ExtraFiles none() {
        return NONE;
    }

    /**
     * Reads files.
     *
     * @param files absolute paths in the guest, without {@code .}, {@code ..} and empty names, and what is to stand there; the order does not matter, since a
     *     path comes after those above it
     * @return the files, known by their content
     * @throws ImageException if one is missing, cannot be read, or is neither file, directory nor symbolic link
     */
    public static ExtraFiles read(Map<String, Path> files) {
        if (files.isEmpty()) {
            return NONE;
        }
        NavigableMap<String, Path> sorted = new TreeMap<>(files);
        try {
            return new ExtraFiles(sorted, write(sorted, OutputStream.nullOutputStream()));
        } catch (IOException e) {
            throw new IllegalStateException("What goes nowhere cannot fail", e);
        }
    }

    /**
     * Whether there are none.
     *
     * @return true if there is nothing to put over the image
     */
    public boolean isEmpty() {
        return files.isEmpty();
    }

    /**
     * What the files are known by: the digest of the layer that they make.
     *
     * @return such as {@code sha256:4f…}; empty if there are none
     */
    public String digest() {
        return digest;
    }

    /**
     * Reads the files once more, into a tar.
     *
     * @param tar the file to write, with permissions 0600
     * @return the tar as a layer
     * @throws ImageException if they are not those of {@link #digest()} any more
     * @throws IOException if the tar cannot be written
     */
    ExtraLayer copyTo(Path tar) throws IOException {
        Files.deleteIfExists(tar);
        Files.createFile(tar, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        String found;
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(tar))) {
            found = write(files, out);
        }
        if (!found.equals(digest)) {
            throw new ImageException(
                    "The extra files " + ExtraFilesErrors.shown(files.values().toString())
                            + " changed while they were baked: what was read first has the digest " + digest
                            + ", what is there now " + found
                            + ". Nothing was made of them. Bake again when nobody writes to them.");
        }
        return new ExtraLayer(this, tar);
    }

    /** What of this host stands at a path of the guest, or is to be there as a part of a directory. */
    Path hostOf(String guest) {
        for (String above : files.descendingKeySet()) {
            if (guest.equals(above)) {
                return hostAt(above);
            }
            if (guest.startsWith(above + "/")) {
                return hostAt(above).resolve(guest.substring(above.length() + 1));
            }
        }
        throw new IllegalArgumentException(guest + " is not among " + files.keySet());
    }

    private Path hostAt(String guest) {
        Path host = files.get(guest);
        if (host == null) {
            throw new IllegalArgumentException(guest + " is not among " + files.keySet());
        }
        return host;
    }

    /** The digest of what was written. */
    private static String write(Map<String, Path> files, OutputStream out) throws IOException {
        DigestOutputStream hashed = new DigestOutputStream(out, Sha256.newDigest());
        TarWriter tar = new TarWriter(hashed);
        for (Map.Entry<String, Path> file : files.entrySet()) {
            new HostTree(tar, file.getValue(), file.getKey()).write();
        }
        tar.end();
        return "sha256:" + Sha256.hex(hashed.getMessageDigest());
    }

    @Override
    public String toString() {
        return "ExtraFiles" + files;
    }
}
