package dev.supermachine.tar;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;

/**
 * One entry of an archive, all extensions applied. Nothing was checked that depends on what the entry is used for: names may be absolute or lead upwards.
 *
 * @param name as in the archive; a byte string
 * @param type what it is
 * @param linkName the target of a symbolic or hard link, otherwise empty; a byte string
 * @param mode permission bits with setuid, setgid and sticky
 * @param uid an unsigned 32-bit number
 * @param gid an unsigned 32-bit number
 * @param size bytes of content; zero for everything that has none by its type
 * @param mtimeSeconds time of the last change in seconds since the epoch, rounded down; within what {@link Instant} can hold
 * @param mtimeNanos the nanoseconds above them
 * @param deviceMajor of a device, otherwise zero
 * @param deviceMinor of a device, otherwise zero
 * @param xattrs sorted by name
 * @since 0.1
 */
public record TarEntry(
        String name,
        EntryType type,
        String linkName,
        int mode,
        int uid,
        int gid,
        long size,
        long mtimeSeconds,
        int mtimeNanos,
        int deviceMajor,
        int deviceMinor,
        List<Xattr> xattrs) {

    /**
     * The name as text.
     *
     * @return decoded as UTF-8; bytes that are not are replaced
     */
    public String nameText() {
        return utf8(name);
    }

    /**
     * The target of a link as text.
     *
     * @return decoded as UTF-8; bytes that are not are replaced
     */
    public String linkNameText() {
        return utf8(linkName);
    }

    /**
     * The time of the last change.
     *
     * @return to the nanosecond
     */
    public Instant modified() {
        return Instant.ofEpochSecond(mtimeSeconds, mtimeNanos);
    }

    private static String utf8(String bytes) {
        return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }
}
