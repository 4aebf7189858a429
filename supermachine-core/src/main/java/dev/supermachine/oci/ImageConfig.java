package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.Platform;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * How an image wants to be run (OCI image specification, "Image Configuration"). Immutable; nothing in it is null.
 *
 * @param os the operating system, such as {@code linux}
 * @param architecture the architecture in Go's naming, such as {@code amd64}
 * @param variant the architecture's variant; empty if there is none
 * @param entrypoint the first part of the command line; may be empty
 * @param cmd the rest of the command line; may be empty
 * @param env the environment, in the image's order; a name given twice has its last value
 * @param user {@code name}, {@code uid}, or either with {@code :group} or {@code :gid}; empty means root
 * @param workingDir the working directory; empty means {@code /}
 * @param stopSignal the signal that stops the workload, as a name or number; empty means SIGTERM
 * @param exposedPorts as the image writes them, such as {@code 5432/tcp}
 * @param labels the labels
 * @param healthcheck how its health is checked; empty if the image does not say
 * @param diffIds the digests of the uncompressed layers, lowest first
 * @since 0.1
 */
public record ImageConfig(
        String os,
        String architecture,
        String variant,
        List<String> entrypoint,
        List<String> cmd,
        Map<String, String> env,
        String user,
        String workingDir,
        String stopSignal,
        Set<String> exposedPorts,
        Map<String, String> labels,
        Optional<Healthcheck> healthcheck,
        List<String> diffIds) {

    /**
     * Reads a configuration.
     *
     * @param bytes the JSON document in UTF-8
     * @param what what it is, for messages, such as {@code the configuration of postgres:16}
     * @return the configuration
     * @throws ImageException if it is not JSON, or a member is missing or of another type; the message names the member
     */
    static ImageConfig parse(byte[] bytes, String what) {
        try {
            return read(JsonDocument.parse(bytes), what);
        } catch (JsonFormatException e) {
            throw new ImageException(
                    what + " cannot be read: " + e.getMessage()
                            + ". Whoever made the image wrote a configuration against the specification.",
                    e);
        }
    }

    /**
     * What the image was built for.
     *
     * @return the platform
     */
    public Platform platform() {
        return new Platform(os, architecture, variant);
    }

    /**
     * The TCP ports among the exposed ones. What is not a single port number is left out.
     *
     * @return port numbers, ascending
     */
    public List<Integer> tcpPorts() {
        Set<Integer> ports = new TreeSet<>();
        for (String exposed : exposedPorts) {
            int slash = exposed.indexOf('/');
            String number = slash < 0 ? exposed : exposed.substring(0, slash);
            if ((slash < 0 || exposed.substring(slash).equals("/tcp")) && number.matches("[0-9]{1,5}")) {
                ports.add(Integer.parseInt(number));
            }
        }
        return List.copyOf(ports);
    }

    private static ImageConfig read(JsonDocument json, String what) throws JsonFormatException {
        JsonDocument rootfs = json.object("rootfs");
        List<String> diffIds = rootfs.strings("diff_ids");
        for (int i = 0; i < diffIds.size(); i++) {
            Digest.parse(diffIds.get(i), what + ": rootfs.diff_ids[" + i + "]");
        }
        // A member that is missing reads like an empty one, so an image without "config" needs no case of its own.
        Optional<JsonDocument> present = json.optionalObject("config");
        JsonDocument config = present.isPresent() ? present.get() : JsonDocument.parse("{}");
        return new ImageConfig(
                filled(json, "os", what),
                filled(json, "architecture", what),
                json.optionalString("variant").orElse(""),
                config.strings("Entrypoint"),
                config.strings("Cmd"),
                env(config.strings("Env")),
                config.optionalString("User").orElse(""),
                config.optionalString("WorkingDir").orElse(""),
                config.optionalString("StopSignal").orElse(""),
                exposedPorts(config),
                Collections.unmodifiableMap(config.stringMap("Labels")),
                healthcheck(config),
                diffIds);
    }

    private static String filled(JsonDocument json, String member, String what) throws JsonFormatException {
        String value = json.string(member);
        if (value.isBlank()) {
            throw new ImageException(what + ": " + member
                    + ": expected a name, but it is empty. Whoever made the image has to fill it in.");
        }
        return value;
    }

    private static Map<String, String> env(List<String> entries) {
        Map<String, String> env = new LinkedHashMap<>();
        for (String entry : entries) {
            int equals = entry.indexOf('=');
            // An entry without '=' is invisible to getenv(3): no program in the image can have counted on it.
            if (equals > 0) {
                env.put(entry.substring(0, equals), entry.substring(equals + 1));
            }
        }
        return Collections.unmodifiableMap(env);
    }

    private static Optional<Healthcheck> healthcheck(JsonDocument config) throws JsonFormatException {
        Optional<JsonDocument> check = config.optionalObject("Healthcheck");
        return check.isPresent()
                ? Optional.of(Healthcheck.read(check.get(), config.strings("Shell")))
                : Optional.empty();
    }

    private static Set<String> exposedPorts(JsonDocument config) throws JsonFormatException {
        Optional<JsonDocument> ports = config.optionalObject("ExposedPorts");
        return ports.isPresent()
                ? Collections.unmodifiableSet(new TreeSet<>(ports.get().names()))
                : Set.of();
    }
}
