package dev.supermachine.engine;

import java.nio.file.Path;
import java.util.List;

/**
 * A captured machine as an engine needs it.
 *
 * @param name the name of the machine to be, for messages and process lists
 * @param directory the directory that {@link Machine#capture(Path)} filled, read-only now
 * @param rootImage the read-only root file system image it was booted with
 * @param volumes the files of its disks as they were captured, which are only read: what the machine writes is its own, and goes with it
 * @param memoryMib guest memory in MiB, as booted
 * @param vcpus number of virtual CPUs, as booted
 * @param detachable whether {@link Machine#detach()} is to be possible
 */
public record SnapshotSource(
        String name, Path directory, Path rootImage, List<Path> volumes, int memoryMib, int vcpus, boolean detachable) {

    /** Copies the list. */
    public SnapshotSource {
        volumes = List.copyOf(volumes);
    }

    /**
     * A machine without disks to write to, that ends with this JVM.
     *
     * @param name as above
     * @param directory as above
     * @param rootImage as above
     * @param memoryMib as above
     * @param vcpus as above
     */
    public SnapshotSource(String name, Path directory, Path rootImage, int memoryMib, int vcpus) {
        this(name, directory, rootImage, List.of(), memoryMib, vcpus, false);
    }

    /**
     * The same machine, to be left to another process some time.
     *
     * @return a changed copy
     */
    public SnapshotSource asDetachable() {
        return new SnapshotSource(name, directory, rootImage, volumes, memoryMib, vcpus, true);
    }

    /**
     * The same machine with disks to write to.
     *
     * @param files as {@link #volumes()}
     * @return a changed copy
     */
    public SnapshotSource withVolumes(List<Path> files) {
        return new SnapshotSource(name, directory, rootImage, files, memoryMib, vcpus, detachable);
    }
}
