package dev.supermachine.guest;

import java.time.Instant;

/**
 * What the guest knows of a file.
 *
 * @param mode type and permissions as in {@code st_mode}
 * @param uid owner
 * @param gid group
 * @param size in bytes
 * @param modified time of the last change of the content
 * @param linkTarget where a symbolic link points; empty for others
 */
public record FileStat(int mode, long uid, long gid, long size, Instant modified, String linkTarget) {

    private static final int TYPE = 0xF000;
    private static final int REGULAR = 0x8000;
    private static final int DIRECTORY = 0x4000;
    private static final int LINK = 0xA000;

    /**
     * Whether it is a regular file.
     *
     * @return true if so
     */
    public boolean isRegularFile() {
        return (mode & TYPE) == REGULAR;
    }

    /**
     * Whether it is a directory.
     *
     * @return true if so
     */
    public boolean isDirectory() {
        return (mode & TYPE) == DIRECTORY;
    }

    /**
     * Whether it is a symbolic link; only ever so when links were not followed.
     *
     * @return true if so
     */
    public boolean isSymbolicLink() {
        return (mode & TYPE) == LINK;
    }

    /**
     * The permissions alone.
     *
     * @return the lower twelve bits of the mode
     */
    public int permissions() {
        return mode & 0xFFF;
    }
}
