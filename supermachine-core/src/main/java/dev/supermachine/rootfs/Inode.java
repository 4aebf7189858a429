package dev.supermachine.rootfs;

import dev.supermachine.tar.EntryType;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A file, directory, link or device of the merged tree. There may be hundreds of thousands, so it holds no more than it must. */
final class Inode {

    private static final byte[] NO_XATTRS = new byte[0];

    final EntryType type;
    final @Nullable NavigableMap<String, Dentry> children;
    /** Where a regular file's content stands: the number of the layer and of the entry in it. */
    final int layer;

    final int entry;
    int mode;
    int uid;
    int gid;
    int mtimeNanos;
    long mtimeSeconds;
    /** As EROFS stores them behind the inode. */
    byte[] xattrs = NO_XATTRS;

    /** Of a symbolic link, otherwise empty. */
    String target = "";

    int deviceMajor;
    int deviceMinor;

    /** Bytes of content; of a directory, of its entries as EROFS stores them. */
    long size;

    /** How many names it has while layers are merged. */
    int names;

    /** The layer that brought all that is below this directory, if an opaque whiteout has seen to that; otherwise -1. */
    int onlyOf = -1;

    /** How many names it has in the end; filled in by the layout, as is all below. 0 is "not yet placed". */
    int links;

    long inodeOffset;
    long contentOffset;
    int number;

    Inode(EntryType type, int layer, int entry) {
        this.type = type;
        this.children = type == EntryType.DIRECTORY ? new TreeMap<>() : null;
        this.layer = layer;
        this.entry = entry;
    }

    /** A directory no layer says anything about: implied by the path of something in it, or the root. */
    static Inode impliedDirectory() {
        Inode inode = new Inode(EntryType.DIRECTORY, 0, 0);
        inode.mode = 0755;
        return inode;
    }

    boolean isDirectory() {
        return children != null;
    }

    /** The entries of a directory by name. */
    NavigableMap<String, Dentry> entries() {
        if (children == null) {
            throw new IllegalStateException("Not a directory but " + type);
        }
        return children;
    }
}
