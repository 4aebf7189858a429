package dev.supermachine.rootfs;

import java.util.List;

/**
 * One entry of a tar archive, all extensions applied.
 *
 * @param linkName the target of a symbolic or hard link, otherwise empty
 * @param mode permission bits with setuid, setgid and sticky
 * @param uid an unsigned 32-bit number
 * @param gid an unsigned 32-bit number
 * @param size bytes of content; zero for everything but regular files
 */
record TarEntry(
        String name,
        EntryType type,
        String linkName,
        int mode,
        int uid,
        int gid,
        long size,
        long mtimeSeconds,
        int mtimeNanos,
        int deviceMajor,
        int deviceMinor,
        List<Xattr> xattrs) {}
