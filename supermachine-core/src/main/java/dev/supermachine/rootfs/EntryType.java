package dev.supermachine.rootfs;

/** What an entry of a layer is, with its bits in {@code st_mode} and its code in EROFS directory entries. */
enum EntryType {
    FILE(0100000, 1),
    DIRECTORY(0040000, 2),
    CHARACTER_DEVICE(0020000, 3),
    BLOCK_DEVICE(0060000, 4),
    FIFO(0010000, 5),
    SYMLINK(0120000, 7),
    /** A further name for a file that exists already; no inode is of this type. */
    HARD_LINK(0, 0);

    private final int modeBits;
    private final int direntCode;

    EntryType(int modeBits, int direntCode) {
        this.modeBits = modeBits;
        this.direntCode = direntCode;
    }

    int modeBits() {
        return modeBits;
    }

    int direntCode() {
        return direntCode;
    }
}
