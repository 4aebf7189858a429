package dev.supermachine.volume;

import static dev.supermachine.volume.Ext4Geometry.BLOCK;
import static dev.supermachine.volume.Ext4Geometry.BLOCKS_PER_GROUP;
import static dev.supermachine.volume.Ext4Geometry.INODE;
import static dev.supermachine.volume.Ext4Geometry.LOST_AND_FOUND_BLOCKS;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.UUID;

/**
 * Makes an empty ext4 file system, with a journal, in a file of zeros; the counterpart of {@code mke2fs}. All that is not written stays a hole. Without checksums of
 * metadata, so that no group needs to be initialised by the kernel later, and without space that only root can use.
 */
final class Ext4Formatter {

    private static final int ROOT = 2;
    private static final int JOURNAL = 8;
    private static final int LOST_AND_FOUND = 11;

    private static final int DIRECTORY = 0040000;
    private static final int REGULAR = 0100000;

    /** In the flags of an inode: its blocks are named by extents. */
    private static final int EXTENTS = 0x80000;

    private static final int SECTORS_PER_BLOCK = BLOCK / 512;
    private static final int DIRECTORY_TYPE = 2;

    private final Ext4Geometry geometry;
    private final UUID id;
    private final int time;
    private final FileChannel channel;

    private Ext4Formatter(Ext4Geometry geometry, UUID id, Instant time, FileChannel channel) {
        this.geometry = geometry;
        this.id = id;
        this.time = (int) time.getEpochSecond();
        this.channel = channel;
    }

    /**
     * Formats a file.
     *
     * @param file of zeros only, of whole MiB
     * @param id the file system's own
     * @param time when it is said to have been made
     * @throws IOException if it cannot be written
     */
    static void format(Path file, UUID id, Instant time) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            new Ext4Formatter(Ext4Geometry.of(channel.size()), id, time, channel).write();
        }
    }

    private void write() throws IOException {
        Ext4Superblock superblock = new Ext4Superblock(geometry, id, time);
        ByteBuffer descriptors = descriptors();
        for (int group = 0; group < geometry.groups(); group++) {
            writeBitmaps(group);
            if (Ext4Geometry.hasSuperblock(group)) {
                long start = geometry.groupStart(group);
                at(start * BLOCK + (group == 0 ? Ext4Superblock.OFFSET : 0), superblock.of(group, journalBlocks()));
                at((start + 1) * BLOCK, descriptors.duplicate());
            }
        }
        writeInodes();
        writeDirectories();
        writeJournal();
    }

    private ByteBuffer descriptors() {
        ByteBuffer all = allocate(geometry.groups() * Ext4Geometry.DESCRIPTOR);
        for (int group = 0; group < geometry.groups(); group++) {
            all.putInt((int) geometry.blockBitmap(group));
            all.putInt((int) geometry.inodeBitmap(group));
            all.putInt((int) geometry.inodeTable(group));
            all.putShort((short) (geometry.groupBlocks(group) - geometry.usedBlocks(group)));
            all.putShort((short) (geometry.inodesPerGroup() - usedInodes(group)));
            all.putShort((short) (group == 0 ? 2 : 0)); // directories
            all.position((group + 1) * Ext4Geometry.DESCRIPTOR);
        }
        return all.rewind();
    }

    /** The first ten are reserved; the first free one is lost+found's. */
    private static int usedInodes(int group) {
        return group == 0 ? LOST_AND_FOUND : 0;
    }

    /** What is behind the end of a group, or of its inodes, counts as used. */
    private void writeBitmaps(int group) throws IOException {
        ByteBuffer blocks = allocate(BLOCK);
        set(blocks, 0, geometry.usedBlocks(group));
        set(blocks, geometry.groupBlocks(group), BLOCKS_PER_GROUP);
        at(geometry.blockBitmap(group) * BLOCK, blocks);
        ByteBuffer inodes = allocate(BLOCK);
        set(inodes, 0, usedInodes(group));
        set(inodes, geometry.inodesPerGroup(), BLOCKS_PER_GROUP);
        at(geometry.inodeBitmap(group) * BLOCK, inodes);
    }

    private static void set(ByteBuffer bitmap, int from, int to) {
        for (int bit = from; bit < to; bit++) {
            bitmap.put(bit / 8, (byte) (bitmap.get(bit / 8) | 1 << bit % 8));
        }
    }

    private void writeInodes() throws IOException {
        inode(ROOT, DIRECTORY | 0755, 3, geometry.rootDirectory(), 1);
        inode(LOST_AND_FOUND, DIRECTORY | 0700, 2, geometry.lostAndFound(), LOST_AND_FOUND_BLOCKS);
        inode(JOURNAL, REGULAR | 0600, 1, geometry.journal(), geometry.journalBlocks());
    }

    private void inode(int number, int mode, int links, long firstBlock, int blocks) throws IOException {
        ByteBuffer inode = allocate(INODE);
        inode.putShort(0x00, (short) mode);
        inode.putInt(0x04, blocks * BLOCK);
        inode.putInt(0x08, time).putInt(0x0C, time).putInt(0x10, time);
        inode.putShort(0x1A, (short) links);
        inode.putInt(0x1C, blocks * SECTORS_PER_BLOCK);
        inode.putInt(0x20, EXTENTS);
        inode.put(0x28, extent(firstBlock, blocks), 0, Ext4Superblock.BLOCK_MAP_BYTES);
        inode.putShort(0x80, (short) Ext4Superblock.EXTRA_INODE_BYTES);
        inode.putInt(0x90, time);
        at(geometry.inodeTable(0) * BLOCK + (long) (number - 1) * INODE, inode);
    }

    /** A tree of extents with one in it. */
    private static ByteBuffer extent(long firstBlock, int blocks) {
        ByteBuffer map = allocate(Ext4Superblock.BLOCK_MAP_BYTES);
        map.putShort((short) 0xF30A)
                .putShort((short) 1)
                .putShort((short) 4)
                .putShort((short) 0)
                .putInt(0);
        map.putInt(0).putShort((short) blocks).putShort((short) 0).putInt((int) firstBlock);
        return map.rewind();
    }

    /** The journal's inode is repeated in the superblock. */
    private ByteBuffer journalBlocks() {
        return extent(geometry.journal(), geometry.journalBlocks());
    }

    private void writeDirectories() throws IOException {
        ByteBuffer root = allocate(BLOCK);
        entry(root, ROOT, 12, ".");
        entry(root, ROOT, 12, "..");
        entry(root, LOST_AND_FOUND, BLOCK - 24, "lost+found");
        at(geometry.rootDirectory() * BLOCK, root.rewind());
        ByteBuffer lostAndFound = allocate(LOST_AND_FOUND_BLOCKS * BLOCK);
        entry(lostAndFound, LOST_AND_FOUND, 12, ".");
        entry(lostAndFound, ROOT, BLOCK - 12, "..");
        for (int block = 1; block < LOST_AND_FOUND_BLOCKS; block++) {
            lostAndFound.putShort(block * BLOCK + 4, (short) BLOCK); // an entry without an inode is free
        }
        at(geometry.lostAndFound() * BLOCK, lostAndFound.rewind());
    }

    private static void entry(ByteBuffer directory, int inode, int length, String name) {
        int next = directory.position() + length;
        directory
                .putInt(inode)
                .putShort((short) length)
                .put((byte) name.length())
                .put((byte) DIRECTORY_TYPE);
        for (int i = 0; i < name.length(); i++) {
            directory.put((byte) name.charAt(i));
        }
        directory.position(next);
    }

    /** An empty one begins at its first block; unlike all else it is big-endian. */
    private void writeJournal() throws IOException {
        ByteBuffer journal = ByteBuffer.allocate(1024);
        journal.putInt(0xC03B3998).putInt(4).putInt(0);
        journal.putInt(BLOCK).putInt(geometry.journalBlocks()).putInt(1);
        journal.putInt(1).putInt(0);
        journal.position(0x30);
        journal.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
        journal.putInt(1); // file systems that use it
        at(geometry.journal() * BLOCK, journal.rewind());
    }

    private static ByteBuffer allocate(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void at(long position, ByteBuffer bytes) throws IOException {
        long next = position;
        while (bytes.hasRemaining()) {
            next += channel.write(bytes, next);
        }
    }
}
