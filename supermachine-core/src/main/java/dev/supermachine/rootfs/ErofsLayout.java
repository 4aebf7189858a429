package dev.supermachine.rootfs;

import dev.supermachine.tar.EntryType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Gives every inode and every content its place: the super block, the inodes breadth first from the root (small contents right behind them), the blocks of
 * larger directories, then file contents in the order in which the layers bring them, so that writing them is one pass over the file.
 */
final class ErofsLayout {

    /** Inodes begin at multiples of their size, so none spans two blocks. */
    private static final int INODE_ALIGNMENT = Erofs.INODE_SIZE;

    private static final int MAX_INLINE = 2048;

    /** A directory and the one it is in. */
    record Directory(Inode self, Inode parent) {}

    private final List<Inode> inodes = new ArrayList<>();
    private final List<Directory> directories = new ArrayList<>();
    private final List<Inode> files = new ArrayList<>();
    private long end = Erofs.SUPER_OFFSET + Erofs.SUPER_SIZE;

    ErofsLayout(Inode root) {
        place(root);
        directories.add(new Directory(root, root));
        // Grows while it is walked.
        for (int i = 0; i < directories.size(); i++) {
            Inode directory = directories.get(i).self();
            directory.links += 2;
            for (Dentry child : directory.entries().values()) {
                if (child.inode.links == 0) {
                    place(child.inode);
                }
                if (child.inode.isDirectory()) {
                    directories.add(new Directory(child.inode, directory));
                    directory.links++;
                } else {
                    child.inode.links++;
                }
            }
        }
        placeContents();
    }

    /** All inodes in ascending place. */
    List<Inode> inodes() {
        return inodes;
    }

    /** All directories in the order of {@link #inodes()}. */
    List<Directory> directories() {
        return directories;
    }

    /** Regular files with content, by layer and then by entry. */
    List<Inode> files() {
        return files;
    }

    /** The size of the image, whole blocks. */
    long size() {
        return end;
    }

    static boolean inline(Inode inode) {
        return inode.size > 0
                && inode.size <= MAX_INLINE
                && Erofs.INODE_SIZE + inode.xattrs.length + inode.size <= Erofs.BLOCK;
    }

    private void place(Inode inode) {
        if (inode.isDirectory()) {
            inode.size = ErofsDirectory.size(inode);
        }
        long at = align(end, INODE_ALIGNMENT);
        int body = Erofs.INODE_SIZE + inode.xattrs.length;
        // Inode, attributes and inline content share one block: the kernel reads inline contents without crossing.
        if (inline(inode) && at % Erofs.BLOCK + body + inode.size > Erofs.BLOCK) {
            at = align(at, Erofs.BLOCK);
        }
        inode.inodeOffset = at;
        inode.contentOffset = at + body;
        end = at + body + (inline(inode) ? inode.size : 0);
        inodes.add(inode);
        inode.number = inodes.size();
    }

    private void placeContents() {
        // fsck.erofs 1.5 reads the header of the last inode's attributes before it looks whether there are any.
        end = align(end + ErofsXattrs.HEADER, Erofs.BLOCK);
        for (Inode inode : inodes) {
            if (inode.type == EntryType.FILE && inode.size > 0) {
                files.add(inode);
            } else if (inode.size > 0 && !inline(inode)) {
                placeContent(inode);
            }
        }
        files.sort(Comparator.comparingInt((Inode inode) -> inode.layer).thenComparingInt(inode -> inode.entry));
        for (Inode file : files) {
            if (!inline(file)) {
                placeContent(file);
            }
        }
    }

    private void placeContent(Inode inode) {
        inode.contentOffset = end;
        end = align(end + inode.size, Erofs.BLOCK);
    }

    private static long align(long value, int to) {
        return (value + to - 1) / to * to;
    }
}
