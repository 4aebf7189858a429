package dev.supermachine.rootfs;

/**
 * How much of the heap the merged tree takes, by an estimate that errs upwards, so that layers with very many entries or large attributes become an error of
 * their own before they become one of the JVM.
 */
final class TreeMemory {

    /** An entry of a directory: the tree map's, the {@link Dentry}, the name's string and array. */
    private static final int NAME = 40 + 24 + 24 + 16 + 8;

    /** An {@link Inode} and its places in the lists of the layout. */
    private static final int INODE = 112 + 2 * 12;

    /** What a directory has on top: its map and its places in the layout. */
    private static final int DIRECTORY = 48 + 24 + 12;

    /** An array. */
    private static final int ARRAY = 24;

    private final long limit;
    private long used;

    TreeMemory(long limit) {
        this.limit = limit;
    }

    /** A name was put into a directory. */
    void add(String name, Inode inode) {
        if (inode.names++ == 0) {
            used += size(inode);
        }
        used += NAME + name.length();
    }

    /** A name was taken out of a directory, and with it all below. */
    void remove(String name, Inode inode) {
        used -= NAME + name.length();
        if (--inode.names > 0) {
            return;
        }
        used -= size(inode);
        if (inode.isDirectory()) {
            inode.entries().forEach((child, dentry) -> remove(child, dentry.inode));
        }
    }

    /** The attributes of an inode in the tree were replaced. */
    void replaceXattrs(byte[] before, byte[] after) {
        used += after.length - before.length;
    }

    boolean isBeyondLimit() {
        return used > limit;
    }

    long used() {
        return used;
    }

    long limit() {
        return limit;
    }

    private static long size(Inode inode) {
        long size = INODE;
        if (inode.isDirectory()) {
            size += DIRECTORY;
        }
        if (!inode.target.isEmpty()) {
            size += 2L * ARRAY + inode.target.length();
        }
        return size + (inode.xattrs.length == 0 ? 0 : ARRAY + inode.xattrs.length);
    }
}
