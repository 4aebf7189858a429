package dev.supermachine.snapshot;

import java.util.List;
import java.util.Map;

/**
 * What a baker knows about the snapshot it has made. The store adds the rest of the manifest.
 *
 * @param imageReference the image as the user wrote it
 * @param imageDigest the digest of the image's manifest
 * @param platform in Docker's form, such as {@code linux/amd64}
 * @param engineId the engine that captured it
 * @param engineIdentity that engine's {@link dev.supermachine.engine.Hypervisor#identity()}
 * @param memoryMib guest memory in MiB
 * @param vcpus number of virtual CPUs
 * @param guestPorts the guest's TCP ports that tests will want
 * @param workloadStarted whether the workload ran when the machine was captured; otherwise every restore starts it
 * @param readiness what the capture waited for, in words, such as {@code a listener on port 5432}
 * @param kernelFingerprint SHA-256 of the guest kernel
 * @param agentFingerprint SHA-256 of the agent
 * @param volumes the disks that the guest writes to, in their order
 * @param environment the variables set beyond the image's, each with its value's {@link EnvironmentDigest}, never the value
 * @param workload what runs in the guest as a JSON object; the store does not look into it. It must not hold values of environment variables.
 * @param consoleTail the last lines of the console at the capture, for people
 */
public record SnapshotDetails(
        String imageReference,
        String imageDigest,
        String platform,
        String engineId,
        String engineIdentity,
        int memoryMib,
        int vcpus,
        List<Integer> guestPorts,
        boolean workloadStarted,
        String readiness,
        String kernelFingerprint,
        String agentFingerprint,
        List<SnapshotVolume> volumes,
        Map<String, String> environment,
        String workload,
        String consoleTail) {

    /**
     * Copies what is mutable.
     *
     * @throws IllegalArgumentException if memory or vCPUs are not positive, or a port is out of range
     */
    public SnapshotDetails {
        guestPorts = List.copyOf(guestPorts);
        volumes = List.copyOf(volumes);
        environment = Map.copyOf(environment);
        if (memoryMib < 1 || vcpus < 1) {
            throw new IllegalArgumentException(
                    "A machine needs memory and a CPU, but got " + memoryMib + " MiB and " + vcpus + " vCPUs");
        }
        for (int port : guestPorts) {
            if (port < 1 || port > 65535) {
                throw new IllegalArgumentException("A TCP port is between 1 and 65535, but was: " + port);
            }
        }
    }

    /**
     * The same with another console.
     *
     * @param tail the last lines of the console
     * @return the details
     */
    public SnapshotDetails withConsoleTail(String tail) {
        return new SnapshotDetails(
                imageReference,
                imageDigest,
                platform,
                engineId,
                engineIdentity,
                memoryMib,
                vcpus,
                guestPorts,
                workloadStarted,
                readiness,
                kernelFingerprint,
                agentFingerprint,
                volumes,
                environment,
                workload,
                tail);
    }
}
