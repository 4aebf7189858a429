package dev.supermachine.snapshot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The directory in which a snapshot is made, on the store's file system. Nobody else sees it before it is published as a whole. */
public final class BakeWorkspace {

    private final Path directory;

    BakeWorkspace(Path directory) throws IOException {
        this.directory = directory;
        PrivateFiles.makeDirectories(machineDirectory());
    }

    /**
     * Where the engine keeps and leaves its files, for {@link dev.supermachine.engine.MachineSpec#directory()}.
     *
     * @return an existing directory, empty at first
     */
    public Path machineDirectory() {
        return directory.resolve(SnapshotLayout.MACHINE);
    }

    /**
     * Where the disk of a volume is to stand while the machine writes to it, and as the snapshot's own copy afterwards.
     *
     * @param index the volume's number, from 0
     * @return a path inside the workspace, in an existing directory
     * @throws IOException if the directory cannot be made
     */
    public Path volume(int index) throws IOException {
        PrivateFiles.makeDirectories(directory.resolve(SnapshotLayout.VOLUMES));
        return directory.resolve(SnapshotLayout.volume(index));
    }

    /**
     * Where the root image is to stand, so that the snapshot needs nothing outside; see {@link #linkOrCopy}.
     *
     * @return the path inside the workspace
     */
    public Path rootImage() {
        return directory.resolve(SnapshotLayout.ROOT_IMAGE);
    }

    /**
     * Makes a second name for a file, which takes no space, or a copy where the file system or the kernel refuses a hard link. The file must never be written to
     * afterwards.
     *
     * @param source an existing regular file
     * @param target the new name; must not exist
     * @return the target
     * @throws IOException if neither is possible
     */
    public static Path linkOrCopy(Path source, Path target) throws IOException {
        Path file = source.toRealPath();
        try {
            return Files.createLink(target, file);
        } catch (IOException | UnsupportedOperationException e) {
            // Another file system, too many links, or fs.protected_hardlinks for a file of somebody else.
            return Files.copy(file, target);
        }
    }
}
