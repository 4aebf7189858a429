package dev.supermachine.rootfs;

import dev.supermachine.tar.EntryType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The two fixed structures of EROFS, {@code struct erofs_super_block} and {@code struct erofs_inode_extended} of the kernel's {@code fs/erofs/erofs_fs.h}.
 * Only what every kernel from 5.4 on reads is written: no incompatible feature bit is set.
 */
final class Erofs {

    static final int BLOCK = 4096;
    static final int SUPER_OFFSET = 1024;
    static final int SUPER_SIZE = 128;
    static final int INODE_SIZE = 64;

    private static final int BLOCK_BITS = 12;
    private static final int MAGIC = 0xE0F5E1E2;
    private static final int COMPAT_CHECKSUM = 1;
    private static final int COMPAT_MTIME = 2;
    private static final int SLOT = 32;
    private static final int EXTENDED = 1;
    private static final int LAYOUT_PLAIN = 0;
    private static final int LAYOUT_INLINE = 2 << 1;

    private Erofs() {}

    /** An inode's number is its place in units of 32 bytes, since the metadata area begins at block 0. */
    static long nid(long inodeOffset) {
        return inodeOffset / SLOT;
    }

    static byte[] superBlock(long rootOffset, long inodes, long blocks, byte[] uuid) {
        ByteBuffer buffer = ByteBuffer.allocate(SUPER_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(0, MAGIC);
        buffer.putInt(8, COMPAT_CHECKSUM | COMPAT_MTIME);
        buffer.put(12, (byte) BLOCK_BITS);
        buffer.putShort(14, (short) nid(rootOffset));
        buffer.putLong(16, inodes);
        // Build time stays 0: the same layers make the same image. Every inode has its own time.
        buffer.putInt(36, (int) blocks);
        buffer.put(48, uuid);
        return buffer.array();
    }

    /** CRC32C without the final inversion, over the first block from the super block on, the checksum itself taken as 0. */
    static int checksum(byte[] firstBlock) {
        byte[] copy = firstBlock.clone();
        for (int i = 0; i < 4; i++) {
            copy[SUPER_OFFSET + 4 + i] = 0;
        }
        CRC32C crc = new CRC32C();
        crc.update(copy, SUPER_OFFSET, BLOCK - SUPER_OFFSET);
        return ~(int) crc.getValue();
    }

    static byte[] inode(Inode inode, boolean inline) {
        ByteBuffer buffer = ByteBuffer.allocate(INODE_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putShort(0, (short) (EXTENDED | (inline ? LAYOUT_INLINE : LAYOUT_PLAIN)));
        buffer.putShort(2, (short) ErofsXattrs.count(inode.xattrs.length));
        buffer.putShort(4, (short) (modeBits(inode.type) | inode.mode));
        buffer.putLong(8, inode.size);
        buffer.putInt(16, union(inode, inline));
        buffer.putInt(20, inode.number);
        buffer.putInt(24, inode.uid);
        buffer.putInt(28, inode.gid);
        buffer.putLong(32, inode.mtimeSeconds);
        buffer.putInt(40, inode.mtimeNanos);
        buffer.putInt(44, inode.links);
        return buffer.array();
    }

    private static int union(Inode inode, boolean inline) {
        return switch (inode.type) {
            // new_encode_dev() of the kernel's include/linux/kdev_t.h
            case CHARACTER_DEVICE, BLOCK_DEVICE ->
                (inode.deviceMinor & 0xff) | inode.deviceMajor << 8 | (inode.deviceMinor & ~0xff) << 12;
            case FILE, DIRECTORY, SYMLINK -> inline ? 0 : (int) (inode.contentOffset / BLOCK);
            case FIFO -> 0;
            case HARD_LINK, OTHER -> throw noInode(inode.type);
        };
    }

    /** What an inode's type is in {@code st_mode}. */
    private static int modeBits(EntryType type) {
        return switch (type) {
            case FIFO -> 0010000;
            case CHARACTER_DEVICE -> 0020000;
            case DIRECTORY -> 0040000;
            case BLOCK_DEVICE -> 0060000;
            case FILE -> 0100000;
            case SYMLINK -> 0120000;
            case HARD_LINK, OTHER -> throw noInode(type);
        };
    }

    /** What an inode's type is in directory entries. */
    static int direntCode(EntryType type) {
        return switch (type) {
            case FILE -> 1;
            case DIRECTORY -> 2;
            case CHARACTER_DEVICE -> 3;
            case BLOCK_DEVICE -> 4;
            case FIFO -> 5;
            case SYMLINK -> 7;
            case HARD_LINK, OTHER -> throw noInode(type);
        };
    }

    private static IllegalStateException noInode(EntryType type) {
        return new IllegalStateException("No inode is of the type " + type);
    }
}
