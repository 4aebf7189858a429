package dev.supermachine.rootfs;

/** A name's hold on an inode, with the last layer that had this name or one below it. */
final class Dentry {

    final Inode inode;
    int layer;

    Dentry(Inode inode, int layer) {
        this.inode = inode;
        this.layer = layer;
    }
}
