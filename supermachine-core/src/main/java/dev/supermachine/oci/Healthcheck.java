package dev.supermachine.oci;

import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * How an image wants its health to be checked: Docker's {@code HEALTHCHECK}, a member that the OCI image specification reserves and Docker's documents define.
 * What the image leaves open has Docker's defaults. Immutable.
 *
 * @param test {@code NONE}, {@code CMD} and a command, or {@code CMD-SHELL} and a line for the shell; as the image writes it
 * @param shell what runs such a line: the image's, or {@code /bin/sh -c}
 * @param interval the time between two checks
 * @param timeout how long one check may take
 * @param startPeriod how long failures do not count
 * @param retries how many failures in a row mean that it is unhealthy
 * @since 0.1
 */
public record Healthcheck(
        List<String> test, List<String> shell, Duration interval, Duration timeout, Duration startPeriod, int retries) {

    private static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(30);
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
    private static final int DEFAULT_RETRIES = 3;
    private static final List<String> DEFAULT_SHELL = List.of("/bin/sh", "-c");

    /** Copies the lists. */
    public Healthcheck {
        test = List.copyOf(test);
        shell = List.copyOf(shell);
    }

    /**
     * Reads the member of a configuration.
     *
     * @param json the member {@code Healthcheck}
     * @param shell the configuration's member {@code Shell}; empty if it has none
     */
    static Healthcheck read(JsonDocument json, List<String> shell) throws JsonFormatException {
        long retries = number(json, "Retries");
        return new Healthcheck(
                json.strings("Test"),
                shell.isEmpty() ? DEFAULT_SHELL : shell,
                duration(json, "Interval", DEFAULT_INTERVAL),
                duration(json, "Timeout", DEFAULT_TIMEOUT),
                duration(json, "StartPeriod", Duration.ZERO),
                retries > 0 ? (int) Math.min(retries, Integer.MAX_VALUE) : DEFAULT_RETRIES);
    }

    /**
     * What is executed.
     *
     * @return the command and its arguments; empty if the image has no check: it says {@code NONE}, says nothing, or says what Docker does not know
     */
    public List<String> command() {
        if (test.size() >= 2 && test.get(0).equals("CMD")) {
            return test.subList(1, test.size());
        }
        if (test.size() == 2 && test.get(0).equals("CMD-SHELL")) {
            return Stream.concat(shell.stream(), test.stream().skip(1)).toList();
        }
        return List.of();
    }

    private static Duration duration(JsonDocument json, String member, Duration otherwise) throws JsonFormatException {
        long nanos = number(json, member);
        return nanos > 0 ? Duration.ofNanos(nanos) : otherwise;
    }

    /** 0, as Docker writes what is left open, also where nothing is written. */
    private static long number(JsonDocument json, String member) throws JsonFormatException {
        return json.has(member) ? json.integer(member) : 0;
    }
}
