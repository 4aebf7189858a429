package dev.supermachine.volume;

/**
 * Where everything lies in a new ext4 file system with blocks of 4 KiB. Blocks come in groups, each with its bitmaps and its table of inodes at its begin, behind a copy of the
 * superblock and the group descriptors in some of them ("sparse_super"). See {@code Documentation/filesystems/ext4} of Linux.
 *
 * @param blocks how many there are
 * @param groups of blocks
 * @param inodesPerGroup how many inodes each group has
 * @param journalBlocks the length of the journal
 */
record Ext4Geometry(long blocks, int groups, int inodesPerGroup, int journalBlocks) {

    static final int BLOCK = 4096;
    static final int BLOCKS_PER_GROUP = 8 * BLOCK;
    static final int INODE = 256;
    static final int DESCRIPTOR = 32;
    static final int LOST_AND_FOUND_BLOCKS = 4;

    private static final long MIB = 1 << 20;

    /** A last group with less than this behind its own tables is not worth having, as mke2fs sees it. */
    private static final int LEAST_OF_A_GROUP = 50;

    /**
     * Of a file system that fills a disk, but for a last part that is too small to be used.
     *
     * @param bytes the disk's size, of whole blocks
     */
    static Ext4Geometry of(long bytes) {
        long blocks = bytes / BLOCK;
        int groups = groups(blocks);
        int journal = journal(bytes);
        Ext4Geometry whole = new Ext4Geometry(blocks, groups, inodesPerGroup(bytes, groups), journal);
        int last = groups - 1;
        if (last == 0 || whole.groupBlocks(last) >= whole.tables(last) + LEAST_OF_A_GROUP) {
            return whole;
        }
        return new Ext4Geometry((long) last * BLOCKS_PER_GROUP, last, whole.inodesPerGroup, journal);
    }

    private static int groups(long blocks) {
        return (int) ((blocks + BLOCKS_PER_GROUP - 1) / BLOCKS_PER_GROUP);
    }

    /** One for 8 KiB, as dependencies are many small files; for 16 KiB in what is large. Whole blocks of the table, and whole bytes of the bitmap. */
    private static int inodesPerGroup(long bytes, int groups) {
        long inodes = bytes / (bytes < 1024 * MIB ? 8192 : 16384);
        int perBlock = BLOCK / INODE;
        long each = (inodes + groups - 1) / groups;
        return (int) ((each + perBlock - 1) / perBlock * perBlock);
    }

    /** At least the 1,024 blocks that Linux asks for. */
    private static int journal(long bytes) {
        return bytes < 128 * MIB ? 1024 : bytes < 1024 * MIB ? 4096 : 8192;
    }

    long groupStart(int group) {
        return (long) group * BLOCKS_PER_GROUP;
    }

    int groupBlocks(int group) {
        return (int) Math.min(BLOCKS_PER_GROUP, blocks - groupStart(group));
    }

    /** Whether a group begins with a copy of the superblock and the descriptors: the first two, and powers of 3, 5 and 7. */
    static boolean hasSuperblock(int group) {
        return group <= 1 || isPower(group, 3) || isPower(group, 5) || isPower(group, 7);
    }

    private static boolean isPower(int number, int base) {
        long power = base;
        while (power < number) {
            power *= base;
        }
        return power == number;
    }

    int descriptorBlocks() {
        return (groups * DESCRIPTOR + BLOCK - 1) / BLOCK;
    }

    long blockBitmap(int group) {
        return groupStart(group) + (hasSuperblock(group) ? 1 + descriptorBlocks() : 0);
    }

    long inodeBitmap(int group) {
        return blockBitmap(group) + 1;
    }

    long inodeTable(int group) {
        return blockBitmap(group) + 2;
    }

    /** How many blocks a group's own tables take, from its begin. */
    int tables(int group) {
        return (int) (inodeTable(group) - groupStart(group)) + inodesPerGroup * INODE / BLOCK;
    }

    /** The directory that everything is in. */
    long rootDirectory() {
        return tables(0);
    }

    long lostAndFound() {
        return rootDirectory() + 1;
    }

    long journal() {
        return lostAndFound() + LOST_AND_FOUND_BLOCKS;
    }

    /** How many blocks of a group are in use, from its begin. */
    int usedBlocks(int group) {
        return group == 0 ? (int) journal() + journalBlocks : tables(group);
    }

    long freeBlocks() {
        long free = 0;
        for (int group = 0; group < groups; group++) {
            free += groupBlocks(group) - usedBlocks(group);
        }
        return free;
    }
}
