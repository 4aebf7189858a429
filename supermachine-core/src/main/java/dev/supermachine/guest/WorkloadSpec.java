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
 * @param extraHosts further lines of {@code /etc/hosts}: name to address
 */
public record WorkloadSpec(
        List<String> argv,
        Map<String, String> environment,
        String user,
        String directory,
        int stopSignal,
        String hostName,
        Map<String, String> extraHosts) {

    /** Copies what is mutable. */
    public WorkloadSpec {
        argv = List.copyOf(argv);
        environment = Map.copyOf(environment);
        extraHosts = Map.copyOf(extraHosts);
    }
}
