package dev.supermachine.vmm;

import java.nio.file.Path;
import java.util.List;

/**
 * What a virtual machine consists of, the same at its boot and at each restore.
 *
 * @param name for threads and messages
 * @param memoryMib guest memory in MiB
 * @param vcpus number of virtual CPUs, 1 to 8
 * @param rootImage the file of the first disk, which is read-only
 * @param volumes the files of further disks, of whole sectors, at most {@value #VOLUMES_MOST}. A machine that is booted writes into them; one that is restored keeps
 *     what it writes for itself, and they must never change
 * @since 0.1
 */
public record MachineShape(String name, int memoryMib, int vcpus, Path rootImage, List<Path> volumes) {

    /** The most disks that can be written to: {@value}. */
    public static final int VOLUMES_MOST = 8;

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if memory, vCPUs or disks are not what a machine can have
     */
    public MachineShape {
        volumes = List.copyOf(volumes);
        if (volumes.size() > VOLUMES_MOST) {
            throw new IllegalArgumentException(
                    "Expected at most " + VOLUMES_MOST + " disks to write to, but got " + volumes.size());
        }
        MachineLayout.memory(memoryMib);
        if (vcpus < 1 || vcpus > MachineLayout.VCPUS_MOST) {
            throw new IllegalArgumentException(
                    "Expected 1 to " + MachineLayout.VCPUS_MOST + " vCPUs, but got " + vcpus);
        }
    }

    /**
     * One without disks to write to.
     *
     * @param name as above
     * @param memoryMib as above
     * @param vcpus as above
     * @param rootImage as above
     */
    public MachineShape(String name, int memoryMib, int vcpus, Path rootImage) {
        this(name, memoryMib, vcpus, rootImage, List.of());
    }

    long memoryBytes() {
        return (long) memoryMib << 20;
    }
}
