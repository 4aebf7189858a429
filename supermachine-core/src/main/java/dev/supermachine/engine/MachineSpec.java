package dev.supermachine.engine;

import java.nio.file.Path;
import java.util.List;

/**
 * What to boot for a bake.
 *
 * @param name the machine's name, for messages and process lists
 * @param kernel the kernel as an uncompressed ELF file with a PVH note
 * @param initrd the initial root file system, a newc cpio archive whose {@code /init} is the agent
 * @param kernelArguments further kernel arguments, after the engine's own
 * @param rootImage the read-only root file system image, the first disk
 * @param volumes the files of disks that the guest writes to and knows by their serial numbers, "volume" and the place in this list from 0; what it writes goes straight
 *     into them, and is complete once the machine was captured
 * @param memoryMib guest memory in MiB
 * @param vcpus number of virtual CPUs
 * @param directory an existing empty directory on the file system of the snapshot store, where the engine keeps the guest's memory file while it runs and
 *     where {@link Machine#capture(Path)} leaves its files; the caller deletes it
 */
public record MachineSpec(
        String name,
        Path kernel,
        Path initrd,
        List<String> kernelArguments,
        Path rootImage,
        List<Path> volumes,
        int memoryMib,
        int vcpus,
        Path directory) {

    /** Copies the lists. */
    public MachineSpec {
        kernelArguments = List.copyOf(kernelArguments);
        volumes = List.copyOf(volumes);
    }

    /**
     * A machine without disks to write to.
     *
     * @param name as above
     * @param kernel as above
     * @param initrd as above
     * @param kernelArguments as above
     * @param rootImage as above
     * @param memoryMib as above
     * @param vcpus as above
     * @param directory as above
     */
    public MachineSpec(
            String name,
            Path kernel,
            Path initrd,
            List<String> kernelArguments,
            Path rootImage,
            int memoryMib,
            int vcpus,
            Path directory) {
        this(name, kernel, initrd, kernelArguments, rootImage, List.of(), memoryMib, vcpus, directory);
    }

    /**
     * The same machine with disks to write to.
     *
     * @param files as {@link #volumes()}
     * @return a changed copy
     */
    public MachineSpec withVolumes(List<Path> files) {
        return new MachineSpec(name, kernel, initrd, kernelArguments, rootImage, files, memoryMib, vcpus, directory);
    }
}
