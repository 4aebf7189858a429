package dev.supermachine.vmm;

import java.nio.file.Path;

/**
 * What a virtual machine consists of, the same at its boot and at each restore.
 *
 * @param name for threads and messages
 * @param memoryMib guest memory in MiB
 * @param vcpus number of virtual CPUs, 1 to 8
 * @param rootImage the file of the first disk, which is read-only
 * @since 0.1
 */
public record MachineShape(String name, int memoryMib, int vcpus, Path rootImage) {

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if memory or vCPUs are not what a machine can have
     */
    public MachineShape {
        MachineLayout.memory(memoryMib);
        if (vcpus < 1 || vcpus > MachineLayout.VCPUS_MOST) {
            throw new IllegalArgumentException(
                    "Expected 1 to " + MachineLayout.VCPUS_MOST + " vCPUs, but got " + vcpus);
        }
    }

    long memoryBytes() {
        return (long) memoryMib << 20;
    }
}
