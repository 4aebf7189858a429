package dev.supermachine.rootfs;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;

/**
 * A directory's content: blocks of {@code struct erofs_dirent}, sorted by name, each block's names behind its entries. No entry spans blocks; only the
 * last block may be shorter than {@link Erofs#BLOCK}.
 */
final class ErofsDirectory {

    private static final int DIRENT = 12;

    private final TreeMap<String, Inode> names = new TreeMap<>();

    ErofsDirectory(Inode self, Inode parent) {
        names.put(".", self);
        names.put("..", parent);
        self.entries().forEach((name, dentry) -> names.put(name, dentry.inode));
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

    /** The content, once every child has its place. */
    byte[] content(int size) {
        ByteBuffer buffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        Iterator<String> first = names.keySet().iterator();
        int start = 0;
        String carried = first.next();
        while (carried != null) {
            // Names of this block: as many as fit.
            int used = 0;
            int count = 0;
            String from = carried;
            carried = null;
            String name = from;
            while (true) {
                if (used + DIRENT + name.length() > Erofs.BLOCK) {
                    carried = name;
                    break;
                }
                used += DIRENT + name.length();
                count++;
                if (!first.hasNext()) {
                    break;
                }
                name = first.next();
            }
            putBlock(buffer, start, from, count);
            start += Erofs.BLOCK;
        }
        return buffer.array();
    }

    private void putBlock(ByteBuffer buffer, int start, String from, int count) {
        int nameOffset = count * DIRENT;
        int at = start;
        Iterator<Map.Entry<String, Inode>> entries =
                names.tailMap(from, true).entrySet().iterator();
        for (int i = 0; i < count; i++) {
            var entry = entries.next();
            buffer.putLong(at, Erofs.nid(entry.getValue().inodeOffset));
            buffer.putShort(at + 8, (short) nameOffset);
            buffer.put(at + 10, (byte) Erofs.direntCode(entry.getValue().type));
            byte[] name = entry.getKey().getBytes(StandardCharsets.ISO_8859_1);
            buffer.position(start + nameOffset);
            buffer.put(name);
            nameOffset += name.length;
            at += DIRENT;
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
