package dev.supermachine;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * What distinguishes one machine from the others of its image, given at restore and not baked. Immutable.
 *
 * @param hostName the guest's host name; empty for one made from the image's name
 * @param environment variables for what starts in the guest after the restore, over those baked
 * @param memoryMib empty, or the memory baked: another value is refused when the machine starts
 * @param vcpus empty, or the number baked: another value is refused when the machine starts
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record VmConfig(String hostName, Map<String, String> environment, OptionalInt memoryMib, OptionalInt vcpus) {

    private static final Pattern HOST_NAME = Pattern.compile("|[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?");

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if the host name is not a label of letters, digits and hyphens, a variable's name is empty or has a {@code =}, or
     *     name or value of one has a NUL
     */
    public VmConfig {
        if (!HOST_NAME.matcher(hostName).matches()) {
            throw new IllegalArgumentException(
                    "A host name is up to 63 letters, digits and inner hyphens, but was: '" + hostName + "'");
        }
        environment.forEach(VmConfig::checkVariable);
        environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
    }

    /**
     * The image's own values.
     *
     * @return a configuration that changes nothing
     */
    public static VmConfig defaults() {
        return new VmConfig("", Map.of(), OptionalInt.empty(), OptionalInt.empty());
    }

    /**
     * With a host name.
     *
     * @param name letters, digits and inner hyphens, at most 63; empty for one made from the image's name
     * @return a changed copy
     */
    public VmConfig withHostName(String name) {
        return new VmConfig(name, environment, memoryMib, vcpus);
    }

    /**
     * With one more environment variable.
     *
     * @param key its name
     * @param value its value
     * @return a changed copy
     */
    public VmConfig withEnv(String key, String value) {
        Map<String, String> changed = new LinkedHashMap<>(environment);
        changed.put(key, value);
        return new VmConfig(hostName, changed, memoryMib, vcpus);
    }

    /**
     * With the memory the caller relies on.
     *
     * @param mib MiB; the start fails if the image was baked with another value
     * @return a changed copy
     */
    public VmConfig withMemoryMib(int mib) {
        return new VmConfig(hostName, environment, OptionalInt.of(mib), vcpus);
    }

    /**
     * With the number of vCPUs the caller relies on.
     *
     * @param count the start fails if the image was baked with another number
     * @return a changed copy
     */
    public VmConfig withVcpus(int count) {
        return new VmConfig(hostName, environment, memoryMib, OptionalInt.of(count));
    }

    /** Names the variables only: values may be secrets. */
    @Override
    public String toString() {
        return "VmConfig[hostName=" + hostName + ", environment=" + environment.keySet() + ", memoryMib=" + memoryMib
                + ", vcpus=" + vcpus + "]";
    }

    private static void checkVariable(String key, String value) {
        if (key.isEmpty() || key.indexOf('=') >= 0 || key.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    "The name of an environment variable is not empty and has neither '=' nor NUL, but was: '" + key
                            + "'");
        }
        if (value.indexOf('\0') >= 0) {
            // without the value, which may be a secret
            throw new IllegalArgumentException("The value of the environment variable '" + key + "' has a NUL.");
        }
    }
}
