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
        int memoryMib,
        int vcpus,
        Path directory) {

    /** Copies the list. */
    public MachineSpec {
        kernelArguments = List.copyOf(kernelArguments);
    }
}
