package dev.supermachine;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * A machine that stays when its holder has given it up, and how to look inside. Immutable.
 *
 * @param name the machine's name
 * @param image the name of the image it was restored from
 * @param pid the process that runs it
 * @param directory what belongs to it while it runs; removed when it has ended
 * @param console the file in it with what the guest's kernel and agent printed, which grows as they go on
 * @param host where its ports are, a loopback address
 * @param ports those that were mapped when it was kept: ports of the guest to ports of the host
 * @param outlivesJvm whether it goes on when this JVM ends
 * @since 0.1
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record KeptVm(
        String name,
        String image,
        long pid,
        Path directory,
        Path console,
        String host,
        Map<Integer, Integer> ports,
        boolean outlivesJvm) {

    /**
     * Copies the map.
     *
     * @param name the machine's name
     * @param image the name of the image it was restored from
     * @param pid the process that runs it
     * @param directory what belongs to it while it runs; removed when it has ended
     * @param console the file in it with what the guest's kernel and agent printed, which grows as they go on
     * @param host where its ports are, a loopback address
     * @param ports those that were mapped when it was kept: ports of the guest to ports of the host
     * @param outlivesJvm whether it goes on when this JVM ends
     */
    public KeptVm {
        ports = Map.copyOf(ports);
    }

    /** For people: all of it, and how to end the machine. */
    @Override
    public String toString() {
        String mapped = new TreeMap<>(ports)
                .entrySet().stream()
                        .map(port -> "port " + port.getKey() + " of the guest is " + host + ":" + port.getValue())
                        .collect(Collectors.joining(", "));
        return "The machine '" + name + "' of the image '" + image + "' is kept: process " + pid + ", directory "
                + directory + ", console in " + console + ", " + (mapped.isEmpty() ? "no port is mapped" : mapped)
                + ". It runs until "
                + (outlivesJvm
                        ? "it is ended by: bin/supermachine doctor --end " + name
                        : "this JVM (process " + ProcessHandle.current().pid()
                                + ") ends: hold it in a debugger to look inside.");
    }
}
