package dev.supermachine.bake;

import dev.supermachine.MachineException;
import dev.supermachine.guest.GuestClient;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The TCP ports on which something listens in a guest, by the kernel's tables (proc_net_tcp.txt of its documentation). For messages. */
final class ListeningPorts {

    private static final int MOST_BYTES = 4 * 1024 * 1024;

    /** Number, local address and port, remote ones, and the state 0A, which is TCP_LISTEN. */
    private static final Pattern LINE =
            Pattern.compile("(?m)^ *[0-9]+: [0-9A-F]{8,32}:([0-9A-F]{4}) [0-9A-F]{8,32}:[0-9A-F]{4} 0A ");

    private ListeningPorts() {}

    /**
     * Asks the guest.
     *
     * @throws MachineException if it does not say
     */
    static SortedSet<Integer> of(GuestClient guest) {
        SortedSet<Integer> ports = new TreeSet<>();
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            if (guest.stat(table).isPresent()) {
                ports.addAll(parse(new String(guest.readFile(table, MOST_BYTES), StandardCharsets.US_ASCII)));
            }
        }
        return ports;
    }

    static SortedSet<Integer> parse(String table) {
        SortedSet<Integer> ports = new TreeSet<>();
        Matcher line = LINE.matcher(table);
        while (line.find()) {
            ports.add(Integer.parseInt(line.group(1), 16));
        }
        return ports;
    }
}
