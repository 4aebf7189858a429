package dev.supermachine.rootfs;

import dev.supermachine.tar.EntryType;
import dev.supermachine.tar.TarEntry;
import java.util.List;
import java.util.Set;

/**
 * What extra files may do to an image. A layer may do anything, for whoever built the image wanted it; a file of this host that takes the place of a directory,
 * or that nobody would ever see, is a mistake of somebody who can be told.
 */
final class ExtraFilesRules {

    /** Over these the guest mounts file systems of its own. */
    private static final Set<String> MOUNTED = Set.of("dev", "proc", "sys");

    /** In {@code /etc}: what the guest writes when it boots, or when it is restored. */
    private static final Set<String> WRITTEN = Set.of("hostname", "hosts", "resolv.conf");

    private ExtraFilesRules() {}

    /**
     * Checks where an entry goes.
     *
     * @param directory where it lies, without symbolic links
     * @param file its name in there
     */
    static void checkPlace(List<String> directory, String file, TarEntry entry, LayerErrors errors) {
        String top = directory.isEmpty() ? file : directory.get(0);
        if (MOUNTED.contains(top)) {
            throw errors.of(
                    entry.name(),
                    "the machine mounts its own /" + top
                            + " over the image's, so nobody would see it. Choose another path in the machine.");
        }
        if (directory.equals(List.of("etc")) && WRITTEN.contains(file)) {
            throw errors.of(
                    entry.name(),
                    "each machine writes its own /etc/" + file
                            + ", so nobody would see it. Leave it away; write the file in the machine if a test needs another.");
        }
        if (file.startsWith(LayerMerge.WHITEOUT)) {
            throw errors.of(
                    entry.name(),
                    "a name that begins with " + LayerMerge.WHITEOUT
                            + " means in a layer that something is removed. Give it another name.");
        }
    }

    /** Checks what an entry is to take the place of. */
    static void checkReplaced(Inode existing, TarEntry entry, LayerErrors errors) {
        if (existing.isDirectory()) {
            throw errors.of(
                    entry.name(),
                    "there is a directory in the image, and all that is in it would be gone. Choose a path in that directory.");
        }
        if (entry.type() == EntryType.DIRECTORY) {
            throw errors.of(
                    entry.name(),
                    existing.type == EntryType.SYMLINK
                            ? "a directory cannot take the place of the image's symbolic link to \""
                                    + LayerErrors.printable(existing.target)
                                    + "\". Choose the path that the link leads to."
                            : "a directory cannot take the place of what is there in the image and is none. Choose another"
                                    + " path in the machine.");
        }
    }
}
