package dev.supermachine;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What distinguishes one machine from the others of its image, given when it is restored. Nothing of it is baked: it is no part of an image's fingerprint, and
 * machines with different values come from the same snapshot. Immutable; each method that begins with {@code with} gives a changed copy.
 *
 * <p>A {@link Vm#reset()} applies all of it again.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class VmConfig {

    private static final Pattern HOST_NAME = Pattern.compile("|[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?");
    private static final VmConfig DEFAULTS = new VmConfig(new Values());

    private final Values values;

    private VmConfig(Values values) {
        this.values = values;
    }

    /**
     * The image's own values.
     *
     * @return a configuration that changes nothing
     */
    public static VmConfig defaults() {
        return DEFAULTS;
    }

    /**
     * With a host name.
     *
     * @param name letters, digits and inner hyphens, at most 63; empty for one made from the machine's name
     * @return a changed copy
     * @throws IllegalArgumentException if it is anything else
     */
    public VmConfig withHostName(String name) {
        if (!HOST_NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "A host name is up to 63 letters, digits and inner hyphens, but was: '" + name + "'");
        }
        return with(changed -> changed.hostName = name);
    }

    /**
     * With one more environment variable, over those baked, for what starts in the guest after the restore: commands, and the workload if the snapshot was
     * taken before it was started.
     *
     * @param key its name
     * @param value its value
     * @return a changed copy
     * @throws IllegalArgumentException if the name is empty or has a {@code =}, or one of them has a NUL
     */
    public VmConfig withEnv(String key, String value) {
        checkVariable(key, value);
        return with(changed -> changed.environment.put(key, value));
    }

    /**
     * With one more file, put in after the restore and before anything of the snapshot runs on. New files belong to root.
     *
     * @param guestPath an absolute path in the guest; a file put there before by this configuration is replaced
     * @param content its bytes, copied here
     * @return a changed copy
     * @throws IllegalArgumentException as {@link GuestFile#of(String, byte[])}
     */
    public VmConfig withFile(String guestPath, byte[] content) {
        return withFile(GuestFile.of(guestPath, content));
    }

    /**
     * As {@link #withFile(String, byte[])}, with a mode.
     *
     * @param guestPath an absolute path in the guest
     * @param content its bytes, copied here
     * @param mode permissions, such as {@code 0600}
     * @return a changed copy
     * @throws IllegalArgumentException as {@link GuestFile#of(String, byte[], int)}
     */
    public VmConfig withFile(String guestPath, byte[] content, int mode) {
        return withFile(GuestFile.of(guestPath, content, mode));
    }

    /**
     * As {@link #withFile(String, byte[])}, with the content of a file of this host, which is read at each restore and reset.
     *
     * @param guestPath an absolute path in the guest
     * @param hostFile the file to copy
     * @return a changed copy
     * @throws IllegalArgumentException as {@link GuestFile#of(String, Path)}
     */
    public VmConfig withFile(String guestPath, Path hostFile) {
        return withFile(GuestFile.of(guestPath, hostFile));
    }

    /**
     * As {@link #withFile(String, byte[])}, described elsewhere.
     *
     * @param file what to put where
     * @return a changed copy
     */
    public VmConfig withFile(GuestFile file) {
        return with(changed -> changed.files.put(file.path(), file));
    }

    /**
     * With the memory the caller relies on.
     *
     * @param mib MiB; the start fails if the image was baked with another value
     * @return a changed copy
     */
    public VmConfig withMemoryMib(int mib) {
        return with(changed -> changed.memoryMib = OptionalInt.of(mib));
    }

    /**
     * With the number of vCPUs the caller relies on.
     *
     * @param count the start fails if the image was baked with another number
     * @return a changed copy
     */
    public VmConfig withVcpus(int count) {
        return with(changed -> changed.vcpus = OptionalInt.of(count));
    }

    /**
     * With a limit for how long the restore may take: from the moment at which there is a place and memory for the machine until it runs, files and the start
     * of its workload included. When it is over the machine is ended, its memory given back, and whoever waits gets an {@link AcquireException} that names the
     * limit. Waiting for a place in a pool or for memory is bounded by the acquire time-out instead. A machine that was kept ready and turns out to be dead is
     * replaced, with the whole time again.
     *
     * @param limit positive; unless set, only the steps of a restore have limits, of 30 seconds as a rule
     * @return a changed copy
     * @throws IllegalArgumentException if it is not positive
     */
    public VmConfig withRestoreTimeout(Duration limit) {
        if (limit.isNegative() || limit.isZero()) {
            throw new IllegalArgumentException("The limit of a restore is positive, but was: " + limit);
        }
        return with(changed -> changed.restoreTimeout = Optional.of(limit));
    }

    /**
     * With a consumer of the lines that the image's own process writes to its standard output and error from the restore on, as they come. Lines have no line
     * feed; bytes that are no UTF-8 are replaced, and a line of more than 65,536 bytes comes in parts.
     *
     * <p>It is called on a thread of its own, by one machine for one line at a time, and may take its time: neither the guest nor the pool waits for it. What
     * it has not taken when the guest has written about a MiB more is left out, so no memory piles up. One that throws is dropped, which the log tells once. A
     * {@link Vm#reset()} goes on with the same consumer. After {@link Vm#close()} a line that was there may still come, and then none.
     *
     * @param consumer gets each line
     * @return a changed copy
     */
    public VmConfig withLogConsumer(Consumer<String> consumer) {
        return with(changed -> changed.logConsumer = consumer);
    }

    /**
     * The guest's host name.
     *
     * @return empty for one made from the machine's name
     */
    public String hostName() {
        return values.hostName;
    }

    /**
     * Variables for what starts in the guest after the restore, over those baked.
     *
     * @return in the order in which they were first given; it cannot be changed
     */
    public Map<String, String> environment() {
        return Collections.unmodifiableMap(values.environment);
    }

    /**
     * Files that are put in.
     *
     * @return in the order in which they were first given; it cannot be changed
     */
    public List<GuestFile> files() {
        return Collections.unmodifiableList(new ArrayList<>(values.files.values()));
    }

    /**
     * The memory the caller relies on.
     *
     * @return MiB; empty for what was baked
     */
    public OptionalInt memoryMib() {
        return values.memoryMib;
    }

    /**
     * The number of vCPUs the caller relies on.
     *
     * @return empty for what was baked
     */
    public OptionalInt vcpus() {
        return values.vcpus;
    }

    /**
     * How long the restore may take.
     *
     * @return empty if only its steps have limits
     */
    public Optional<Duration> restoreTimeout() {
        return values.restoreTimeout;
    }

    /**
     * Who gets the workload's lines.
     *
     * @return empty if nobody does
     */
    public Optional<Consumer<String>> logConsumer() {
        return Optional.ofNullable(values.logConsumer);
    }

    /** Names the variables and files only: what is in them may be secret. */
    @Override
    public String toString() {
        return "VmConfig[hostName=" + values.hostName + ", environment=" + values.environment.keySet() + ", files="
                + files() + ", memoryMib=" + values.memoryMib + ", vcpus=" + values.vcpus + ", restoreTimeout="
                + values.restoreTimeout + ", logConsumer=" + (values.logConsumer == null ? "no" : "yes") + "]";
    }

    private VmConfig with(Consumer<Values> change) {
        Values changed = new Values(values);
        change.accept(changed);
        return new VmConfig(changed);
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

    /** All values, changed only before they are part of a configuration. */
    private static final class Values {
        private String hostName = "";
        private final Map<String, String> environment = new LinkedHashMap<>();
        private final Map<String, GuestFile> files = new LinkedHashMap<>();
        private OptionalInt memoryMib = OptionalInt.empty();
        private OptionalInt vcpus = OptionalInt.empty();
        private Optional<Duration> restoreTimeout = Optional.empty();
        private @Nullable Consumer<String> logConsumer;

        private Values() {}

        private Values(Values from) {
            hostName = from.hostName;
            environment.putAll(from.environment);
            files.putAll(from.files);
            memoryMib = from.memoryMib;
            vcpus = from.vcpus;
            restoreTimeout = from.restoreTimeout;
            logConsumer = from.logConsumer;
        }
    }
}
