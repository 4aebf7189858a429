package dev.supermachine;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A file to be put into a guest: where, with what content, and with which permissions. Immutable. Missing directories above it are created, for root with mode
 * 0755. A file that is there already is overwritten and keeps its owner; links are followed.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class GuestFile {

    private static final int MOST_MODE = 07777;

    private final String path;
    private final byte[] content;
    private final @Nullable Path source;
    private final OptionalInt mode;

    private GuestFile(String path, byte[] content, @Nullable Path source, OptionalInt mode) {
        if (!path.startsWith("/") || path.endsWith("/")) {
            throw new IllegalArgumentException(
                    "A file in the guest has an absolute path that does not end with '/', but was: '" + path + "'");
        }
        if (path.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("The path of a file in the guest cannot have a NUL, but was: '"
                    + path.replace('\0', '\u2400') + "'");
        }
        if (mode.isPresent() && (mode.getAsInt() < 0 || mode.getAsInt() > MOST_MODE)) {
            throw new IllegalArgumentException(
                    "The mode of a file is 0 to 07777, but for '" + path + "' was: " + mode.getAsInt());
        }
        this.path = path;
        this.content = content;
        this.source = source;
        this.mode = mode;
    }

    /**
     * A file with mode 0644 if it is new, otherwise with the mode it has.
     *
     * @param path an absolute path in the guest
     * @param content its bytes, copied here
     * @return the file
     * @throws IllegalArgumentException if the path is not absolute, ends with {@code /} or has a NUL
     */
    public static GuestFile of(String path, byte[] content) {
        return new GuestFile(path, content.clone(), null, OptionalInt.empty());
    }

    /**
     * A file with a mode.
     *
     * @param path an absolute path in the guest
     * @param content its bytes, copied here
     * @param mode permissions, such as {@code 0600}
     * @return the file
     * @throws IllegalArgumentException as {@link #of(String, byte[])}, and if the mode is not 0 to 07777
     */
    public static GuestFile of(String path, byte[] content, int mode) {
        return new GuestFile(path, content.clone(), null, OptionalInt.of(mode));
    }

    /**
     * A copy of a file of this host, with mode 0644 if it is new, otherwise with the mode it has.
     *
     * @param path an absolute path in the guest
     * @param source the host's file, read each time that it is put into a guest
     * @return the file
     * @throws IllegalArgumentException as {@link #of(String, byte[])}
     */
    public static GuestFile of(String path, Path source) {
        return new GuestFile(path, new byte[0], source, OptionalInt.empty());
    }

    /**
     * A copy of a file of this host, with a mode.
     *
     * @param path an absolute path in the guest
     * @param source the host's file, read each time that it is put into a guest
     * @param mode permissions, such as {@code 0600}
     * @return the file
     * @throws IllegalArgumentException as {@link #of(String, byte[], int)}
     */
    public static GuestFile of(String path, Path source, int mode) {
        return new GuestFile(path, new byte[0], source, OptionalInt.of(mode));
    }

    /**
     * Where it is to be.
     *
     * @return an absolute path in the guest
     */
    public String path() {
        return path;
    }

    /**
     * Its permissions.
     *
     * @return the mode; empty for 0644 if it is new, and for what it has otherwise
     */
    public OptionalInt mode() {
        return mode;
    }

    /**
     * How long it is.
     *
     * @return bytes, at this moment if it is a file of this host
     * @throws IOException if the host's file cannot be looked at
     */
    public long size() throws IOException {
        return source == null ? content.length : Files.size(source);
    }

    /**
     * Its content.
     *
     * @return the bytes from the first; the caller closes it
     * @throws IOException if the host's file cannot be read
     */
    public InputStream open() throws IOException {
        return source == null ? new ByteArrayInputStream(content) : Files.newInputStream(source);
    }

    /** Where it goes and, of a host's file, where it comes from; never its content, which may be secret. */
    @Override
    public String toString() {
        return path + (source == null ? "" : " from " + source);
    }
}
