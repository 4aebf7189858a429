package dev.supermachine.volume;

import static dev.supermachine.volume.Ext4Geometry.BLOCKS_PER_GROUP;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;

/**
 * What an ext4 file system says of itself ({@code struct ext4_super_block}, fs/ext4/ext4.h of Linux).
 *
 * @param geometry where everything lies
 * @param id its own
 * @param time when it was made, in seconds since 1970
 */
record Ext4Superblock(Ext4Geometry geometry, UUID id, int time) {

    /** Where it is in a file system, in bytes. */
    static final int OFFSET = 1024;

    static final int BYTES = 1024;
    static final int MAGIC_OFFSET = 0x38;
    static final int MAGIC = 0xEF53;

    /** The part of an inode that says where its blocks are. */
    static final int BLOCK_MAP_BYTES = 60;

    /** How much more than 128 bytes of an inode means something. */
    static final int EXTRA_INODE_BYTES = 32;

    private static final int HAS_JOURNAL = 0x4;
    private static final int EXTENDED_ATTRIBUTES = 0x8;
    private static final int DIRECTORY_INDEX = 0x20;

    private static final int FILE_TYPES = 0x2;
    private static final int EXTENTS = 0x40;

    private static final int SPARSE_SUPERBLOCKS = 0x1;
    private static final int LARGE_FILES = 0x2;
    private static final int HUGE_FILES = 0x8;
    private static final int DIRECTORY_LINKS = 0x20;
    private static final int EXTRA_INODE_SIZE = 0x40;

    /**
     * Its bytes.
     *
     * @param group at whose begin this copy lies
     * @param journalMap the journal's {@value #BLOCK_MAP_BYTES} bytes of where its blocks are
     */
    ByteBuffer of(int group, ByteBuffer journalMap) {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int inodes = geometry.groups() * geometry.inodesPerGroup();
        bytes.putInt(0x00, inodes).putInt(0x04, (int) geometry.blocks());
        bytes.putInt(0x0C, (int) geometry.freeBlocks()).putInt(0x10, inodes - 11);
        bytes.putInt(0x18, 2).putInt(0x1C, 2); // the size of blocks and clusters: 1024 << 2
        bytes.putInt(0x20, BLOCKS_PER_GROUP).putInt(0x24, BLOCKS_PER_GROUP);
        bytes.putInt(0x28, geometry.inodesPerGroup());
        bytes.putInt(0x30, time); // the last write
        bytes.putShort(0x36, (short) -1); // no number of mounts asks for a check
        bytes.putShort(MAGIC_OFFSET, (short) MAGIC);
        bytes.putShort(0x3A, (short) 1).putShort(0x3C, (short) 1); // clean; after an error, go on
        bytes.putInt(0x40, time); // the last check
        bytes.putInt(0x4C, 1); // the revision that has features
        bytes.putInt(0x54, 11).putShort(0x58, (short) Ext4Geometry.INODE);
        bytes.putShort(0x5A, (short) group);
        bytes.putInt(0x5C, HAS_JOURNAL | EXTENDED_ATTRIBUTES | DIRECTORY_INDEX);
        bytes.putInt(0x60, FILE_TYPES | EXTENTS);
        bytes.putInt(0x64, SPARSE_SUPERBLOCKS | LARGE_FILES | HUGE_FILES | DIRECTORY_LINKS | EXTRA_INODE_SIZE);
        putId(bytes, 0x68);
        bytes.putInt(0xE0, 8); // the journal's inode
        putId(bytes, 0xEC); // what directories' hashes begin with
        bytes.put(0xFC, (byte) 1).put(0xFD, (byte) 1); // hashes by half of MD4; the journal's inode is repeated below
        bytes.putInt(0x100, 0xC); // mounted with users' attributes and access lists
        bytes.putInt(0x108, time);
        bytes.put(0x10C, journalMap, 0, BLOCK_MAP_BYTES);
        bytes.putInt(0x10C + BLOCK_MAP_BYTES + 4, geometry.journalBlocks() * Ext4Geometry.BLOCK);
        bytes.putShort(0x15C, (short) EXTRA_INODE_BYTES).putShort(0x15E, (short) EXTRA_INODE_BYTES);
        bytes.putInt(0x160, 1); // characters are signed in those hashes
        return bytes;
    }

    private void putId(ByteBuffer bytes, int offset) {
        ByteBuffer big = ByteBuffer.allocate(16);
        big.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
        bytes.put(offset, big.array());
    }
}
