package dev.supermachine.engine;

import java.nio.file.Path;

/**
 * A captured machine as an engine needs it.
 *
 * @param name the name of the machine to be, for messages and process lists
 * @param directory the directory that {@link Machine#capture(Path)} filled, read-only now
 * @param rootImage the read-only root file system image it was booted with
 * @param memoryMib guest memory in MiB, as booted
 * @param vcpus number of virtual CPUs, as booted
 * @param detachable whether {@link Machine#detach()} is to be possible
 */
public record SnapshotSource(
        String name, Path directory, Path rootImage, int memoryMib, int vcpus, boolean detachable) {

    /**
     * A machine that ends with this JVM.
     *
     * @param name as above
     * @param directory as above
     * @param rootImage as above
     * @param memoryMib as above
     * @param vcpus as above
     */
    public SnapshotSource(String name, Path directory, Path rootImage, int memoryMib, int vcpus) {
        this(name, directory, rootImage, memoryMib, vcpus, false);
    }

    /**
     * The same machine, to be left to another process some time.
     *
     * @return a changed copy
     */
    public SnapshotSource asDetachable() {
        return new SnapshotSource(name, directory, rootImage, memoryMib, vcpus, true);
    }
}
