package dev.supermachine.guest;

import java.util.List;
import java.util.Map;

/**
 * What the guest is to run as its workload, as the image says.
 *
 * @param argv the command and its arguments
 * @param environment the image's variables; also the base of every command that is executed later
 * @param user {@code ""} for root, {@code name}, {@code uid}, {@code name:group} or {@code uid:gid}, resolved in the guest
 * @param directory where it starts, {@code ""} for {@code /}; created if missing
 * @param stopSignal the signal that asks it to end
 * @param hostName the guest's host name
 * @param volumes the disks to mount before it starts, in the order of the machine's
 * @param extraHosts further lines of {@code /etc/hosts}: name to address
 */
public record WorkloadSpec(
        List<String> argv,
        Map<String, String> environment,
        String user,
        String directory,
        int stopSignal,
        String hostName,
        List<VolumeMount> volumes,
        Map<String, String> extraHosts) {

    /** Copies what is mutable. */
    public WorkloadSpec {
        argv = List.copyOf(argv);
        environment = Map.copyOf(environment);
        volumes = List.copyOf(volumes);
        extraHosts = Map.copyOf(extraHosts);
    }

    /**
     * A workload without volumes.
     *
     * @param argv as above
     * @param environment as above
     * @param user as above
     * @param directory as above
     * @param stopSignal as above
     * @param hostName as above
     * @param extraHosts as above
     */
    public WorkloadSpec(
            List<String> argv,
            Map<String, String> environment,
            String user,
            String directory,
            int stopSignal,
            String hostName,
            Map<String, String> extraHosts) {
        this(argv, environment, user, directory, stopSignal, hostName, List.of(), extraHosts);
    }

    /**
     * The same workload with volumes.
     *
     * @param mounts as {@link #volumes()}
     * @return a changed copy
     */
    public WorkloadSpec withVolumes(List<VolumeMount> mounts) {
        return new WorkloadSpec(argv, environment, user, directory, stopSignal, hostName, mounts, extraHosts);
    }
}
