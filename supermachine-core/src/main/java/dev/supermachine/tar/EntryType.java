package dev.supermachine.tar;

/**
 * What an entry of an archive is.
 *
 * @since 0.1
 */
public enum EntryType {
    /** A regular file. */
    FILE,
    /** A directory. */
    DIRECTORY,
    /** A character device. */
    CHARACTER_DEVICE,
    /** A block device. */
    BLOCK_DEVICE,
    /** A named pipe. */
    FIFO,
    /** A symbolic link. */
    SYMLINK,
    /** A further name for a file that exists already. */
    HARD_LINK,
    /** Anything else, sparse files among it; only from a reader that {@linkplain TarReader#withUnknown passes these on}. */
    OTHER
}
