package dev.supermachine.rootfs;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;

/**
 * A directory's content: blocks of {@code struct erofs_dirent}, sorted by name, each block's names behind its entries. No entry spans blocks; only the
 * last block may be shorter than {@link Erofs#BLOCK}.
 */
final class ErofsDirectory {

    private static final int DIRENT = 12;

    private final Inode self;
    private final Inode parent;

    ErofsDirectory(Inode self, Inode parent) {
        this.self = self;
        this.parent = parent;
    }

    /** How long the content will be; needs no child to have its place yet. */
    static long size(Inode directory) {
        Size size = new Size();
        boolean self = false;
        boolean parent = false;
        for (String name : directory.entries().keySet()) {
            if (!self && name.compareTo(".") > 0) {
                size.add(1);
                self = true;
            }
            if (!parent && name.compareTo("..") > 0) {
                size.add(2);
                parent = true;
            }
            size.add(name.length());
        }
        if (!self) {
            size.add(1);
        }
        if (!parent) {
            size.add(2);
        }
        return size.total();
    }

    /** The content, once every child has its place. Held once: a directory may have a million entries. */
    byte[] content(int size) {
        ByteBuffer buffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        Block block = new Block(buffer);
        NavigableMap<String, Dentry> children = self.entries();
        children.headMap(".", false).forEach((name, dentry) -> block.add(name, dentry.inode));
        block.add(".", self);
        children.subMap(".", false, "..", false).forEach((name, dentry) -> block.add(name, dentry.inode));
        block.add("..", parent);
        children.tailMap("..", false).forEach((name, dentry) -> block.add(name, dentry.inode));
        block.put();
        return buffer.array();
    }

    /** The names and inodes of one block, until they are put into the buffer. */
    private static final class Block {

        private final ByteBuffer buffer;
        private final List<byte[]> names = new ArrayList<>();
        private final List<Inode> inodes = new ArrayList<>();
        private int start;
        private int used;

        Block(ByteBuffer buffer) {
            this.buffer = buffer;
        }

        void add(String name, Inode inode) {
            if (used + DIRENT + name.length() > Erofs.BLOCK) {
                put();
                start += Erofs.BLOCK;
                used = 0;
                names.clear();
                inodes.clear();
            }
            used += DIRENT + name.length();
            names.add(name.getBytes(StandardCharsets.ISO_8859_1));
            inodes.add(inode);
        }

        void put() {
            int nameOffset = names.size() * DIRENT;
            for (int i = 0; i < names.size(); i++) {
                int at = start + i * DIRENT;
                buffer.putLong(at, Erofs.nid(inodes.get(i).inodeOffset));
                buffer.putShort(at + 8, (short) nameOffset);
                buffer.put(at + 10, (byte) Erofs.direntCode(inodes.get(i).type));
                buffer.position(start + nameOffset);
                buffer.put(names.get(i));
                nameOffset += names.get(i).length;
            }
        }
    }

    private static final class Size {
        private long blocks;
        private int used;

        void add(int nameLength) {
            if (used + DIRENT + nameLength > Erofs.BLOCK) {
                blocks++;
                used = 0;
            }
            used += DIRENT + nameLength;
        }

        long total() {
            return blocks * Erofs.BLOCK + used;
        }
    }
}
