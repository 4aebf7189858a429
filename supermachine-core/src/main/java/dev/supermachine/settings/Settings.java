package dev.supermachine.settings;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * All settings. Each has one name, {@code supermachine.<area>.<name>}, as a JUnit configuration parameter or a system property, and
 * {@code SUPERMACHINE_<AREA>_<NAME>} in the environment. Of several values the first of JUnit parameter, system property, environment and default holds; a
 * blank value counts as not set. What a builder or an annotation says goes before all of these and never reaches this class.
 *
 * <p>Values are read at each call, so that a test may change a system property. Immutable and thread-safe if its sources are. A value of a wrong form is an
 * {@link IllegalArgumentException} that names the setting, where it was found, the value and what was expected.
 *
 * @since 0.1
 */
public final class Settings {

    private static final SettingDefinition CACHE_DIR = new SettingDefinition(
            "supermachine.cache.dir",
            "absolute path",
            "`$XDG_CACHE_HOME/supermachine`, else `~/.cache/supermachine`",
            "Downloaded blobs, root images, the unpacked kernel, and what probes of engines found. May be deleted at any time.");

    private static final SettingDefinition SNAPSHOTS_DIR = new SettingDefinition(
            "supermachine.snapshots.dir",
            "absolute path",
            "`$XDG_DATA_HOME/supermachine/snapshots`, else `~/.local/share/supermachine/snapshots`",
            "Baked snapshots and the memory ledger. All JVMs that share a machine should share it.");

    private static final SettingDefinition SNAPSHOTS_MAX_BYTES = new SettingDefinition(
            "supermachine.snapshots.max.bytes",
            "size",
            "`20 GiB`",
            "Disk space that snapshots may take together; each bake removes the longest unused beyond it.");

    private static final SettingDefinition SNAPSHOTS_MAX_AGE = new SettingDefinition(
            "supermachine.snapshots.max.age",
            "duration",
            "`30 d`",
            "Snapshots unused for longer are removed by the next bake.");

    private static final SettingDefinition ENGINE = new SettingDefinition(
            "supermachine.engine",
            "engine name",
            "the best usable one",
            "Forces an engine: `kvm`, `qemu-kvm` or `qemu-tcg`. If it cannot run here, that is an error.");

    private static final SettingDefinition QEMU_PATH = new SettingDefinition(
            "supermachine.qemu.path", "absolute path", "`qemu-system-x86_64` on `PATH`", "The QEMU program to use.");

    private static final SettingDefinition KERNEL_PATH = new SettingDefinition(
            "supermachine.kernel.path",
            "absolute path",
            "the packed kernel",
            "A guest kernel of your own, an uncompressed ELF file with a PVH note.");

    private static final SettingDefinition EMULATOR_DIR = new SettingDefinition(
            "supermachine.emulator.dir",
            "absolute path",
            "`/usr/bin`",
            "Where QEMU's user-mode emulators are, `qemu-aarch64-static` and its like, which images for other platforms need. See [images](images.md#platforms).");

    private static final SettingDefinition BAKE_TIMEOUT = new SettingDefinition(
            "supermachine.bake.timeout",
            "duration",
            "`3 min`",
            "How long a bake may take from the start of the machine until it is ready and warmed up. Software emulation is slow, hence the generous default.");

    private static final SettingDefinition ACQUIRE_TIMEOUT = new SettingDefinition(
            "supermachine.acquire.timeout",
            "duration",
            "`1 min`",
            "How long a test waits for a machine while the pool's or the memory's limit is reached.");

    private static final SettingDefinition MEMORY_BUDGET_MIB = new SettingDefinition(
            "supermachine.memory.budget.mib",
            "whole number, at least 1",
            "free memory or the control group's limit, whichever is smaller",
            "Memory in MiB that all machines of this user may have together, in place of what was measured.");

    private static final SettingDefinition IMAGE_MAX_BYTES = new SettingDefinition(
            "supermachine.image.max.bytes",
            "size",
            "`64 GiB`",
            "What the layers of one image may hold together, uncompressed. An image that holds more is refused as a decompression bomb.");

    private static final SettingDefinition IMAGE_MAX_ENTRIES = new SettingDefinition(
            "supermachine.image.max.entries",
            "whole number, at least 1",
            "`5000000`",
            "How many files, directories, links and whiteouts the layers of one image may hold together. The list of files takes at most half of the JVM's heap as well, some 300 bytes each.");

    private static final SettingDefinition REGISTRY_PARALLELISM = new SettingDefinition(
            "supermachine.registry.parallelism",
            "whole number, 1 to 32",
            "`4`",
            "How many blobs of an image are downloaded at once.");

    private static final SettingDefinition REGISTRY_IDLE_TIMEOUT = new SettingDefinition(
            "supermachine.registry.idle.timeout",
            "duration",
            "`30 s`",
            "How long a registry may send nothing in the middle of an answer before the connection is given up and the blob resumed on another.");

    private static final SettingDefinition REGISTRY_MIRRORS = new SettingDefinition(
            "supermachine.registry.mirrors",
            "`REGISTRY=MIRROR`, several with commas",
            "none",
            "Mirrors to ask before a registry, as `docker.io=mirror.example:5000/proxy`; several of one registry in their order. `index.docker.io` means `docker.io`.");

    private static final SettingDefinition REGISTRY_CA_FILE = new SettingDefinition(
            "supermachine.registry.ca.file",
            "absolute path",
            "none",
            "Certificates in PEM that registries may use beside those that Java trusts.");

    private static final SettingDefinition VM_KEEP_ON_FAILURE = new SettingDefinition(
            "supermachine.vm.keep-on-failure",
            "`no`, `jvm` or `detached`",
            "`no`",
            "Whether the machine of a failed test is kept to look inside: until the JVM ends, or until `bin/supermachine doctor --end` ends it. See [JUnit](junit.md).");

    private static final List<SettingDefinition> ALL = List.of(
            CACHE_DIR,
            SNAPSHOTS_DIR,
            SNAPSHOTS_MAX_BYTES,
            SNAPSHOTS_MAX_AGE,
            ENGINE,
            QEMU_PATH,
            KERNEL_PATH,
            EMULATOR_DIR,
            BAKE_TIMEOUT,
            ACQUIRE_TIMEOUT,
            MEMORY_BUDGET_MIB,
            IMAGE_MAX_BYTES,
            IMAGE_MAX_ENTRIES,
            REGISTRY_PARALLELISM,
            REGISTRY_IDLE_TIMEOUT,
            REGISTRY_MIRRORS,
            REGISTRY_CA_FILE,
            VM_KEEP_ON_FAILURE);

    private final Function<String, @Nullable String> parameters;
    private final Function<String, @Nullable String> properties;
    private final Function<String, @Nullable String> environment;

    private Settings(
            Function<String, @Nullable String> parameters,
            Function<String, @Nullable String> properties,
            Function<String, @Nullable String> environment) {
        this.parameters = parameters;
        this.properties = properties;
        this.environment = environment;
    }

    /**
     * Settings from this JVM's system properties and environment.
     *
     * @return the settings
     */
    public static Settings system() {
        return withParameters(key -> null);
    }

    /**
     * Settings from JUnit's configuration parameters first, then as {@link #system()}.
     *
     * @param parameters gives the value of a key, or null
     * @return the settings
     */
    public static Settings withParameters(Function<String, @Nullable String> parameters) {
        return of(parameters, System::getProperty, System::getenv);
    }

    /**
     * Settings from sources of one's own.
     *
     * @param parameters gives a configuration parameter by key, or null
     * @param properties gives a system property by name, or null; {@code user.home} is asked for too
     * @param environment gives an environment variable by name, or null; {@code XDG_CACHE_HOME} and {@code XDG_DATA_HOME} are asked for too
     * @return the settings
     */
    public static Settings of(
            Function<String, @Nullable String> parameters,
            Function<String, @Nullable String> properties,
            Function<String, @Nullable String> environment) {
        return new Settings(parameters, properties, environment);
    }

    /**
     * Every setting there is, in the order of the documentation.
     *
     * @return the definitions
     */
    public static List<SettingDefinition> all() {
        return ALL;
    }

    /**
     * Reads a duration that was written in the form of settings, but elsewhere.
     *
     * @param what where it was written, for the message, as it follows "The"
     * @param text such as {@code 90 s}
     * @return the duration
     * @throws IllegalArgumentException if it has another form, or is not positive
     */
    public static Duration duration(String what, String text) {
        return new SettingValue(what, text.strip()).asDuration();
    }

    /**
     * Reads a size that was written in the form of settings, but elsewhere.
     *
     * @param what where it was written, for the message, as it follows "The"
     * @param text such as {@code 20 GiB}
     * @return bytes
     * @throws IllegalArgumentException if it has another form, or is not positive
     */
    public static long size(String what, String text) {
        return new SettingValue(what, text.strip()).asBytes();
    }

    /**
     * Where blobs, root images and the unpacked kernel are kept.
     *
     * @return an absolute path; it may not exist yet
     */
    public Path cacheDirectory() {
        return value(CACHE_DIR)
                .map(SettingValue::asPath)
                .orElseGet(() -> userDirectory("XDG_CACHE_HOME", ".cache").resolve("supermachine"));
    }

    /**
     * Where snapshots and the memory ledger are kept.
     *
     * @return an absolute path; it may not exist yet
     */
    public Path snapshotsDirectory() {
        return value(SNAPSHOTS_DIR)
                .map(SettingValue::asPath)
                .orElseGet(() -> userDirectory("XDG_DATA_HOME", ".local/share").resolve("supermachine/snapshots"));
    }

    /**
     * What snapshots may take on disk together.
     *
     * @return bytes; 20 GiB unless set
     */
    public long snapshotsMaxBytes() {
        return value(SNAPSHOTS_MAX_BYTES).map(SettingValue::asBytes).orElse(20L << 30);
    }

    /**
     * How long a snapshot may stay unused.
     *
     * @return a positive duration; 30 days unless set
     */
    public Duration snapshotsMaxAge() {
        return value(SNAPSHOTS_MAX_AGE).map(SettingValue::asDuration).orElse(Duration.ofDays(30));
    }

    /**
     * The engine to use whatever else is usable.
     *
     * @return its id, unchecked because engines are found at run time; or empty to choose
     */
    public Optional<String> engine() {
        return value(ENGINE).map(SettingValue::text);
    }

    /**
     * The QEMU program.
     *
     * @return an absolute path, or empty to search {@code PATH}
     */
    public Optional<Path> qemuPath() {
        return value(QEMU_PATH).map(SettingValue::asPath);
    }

    /**
     * A guest kernel in place of the packed one.
     *
     * @return an absolute path, or empty
     */
    public Optional<Path> kernelPath() {
        return value(KERNEL_PATH).map(SettingValue::asPath);
    }

    /**
     * Where the emulators are that images for other platforms need.
     *
     * @return an absolute path; {@code /usr/bin} unless set
     */
    public Path emulatorDirectory() {
        return value(EMULATOR_DIR).map(SettingValue::asPath).orElse(Path.of("/usr/bin"));
    }

    /**
     * How long a bake may take until the machine is ready.
     *
     * @return a positive duration; 3 minutes unless set
     */
    public Duration bakeTimeout() {
        return value(BAKE_TIMEOUT).map(SettingValue::asDuration).orElse(Duration.ofMinutes(3));
    }

    /**
     * How long to wait for a machine.
     *
     * @return a positive duration; 1 minute unless set
     */
    public Duration acquireTimeout() {
        return value(ACQUIRE_TIMEOUT).map(SettingValue::asDuration).orElse(Duration.ofMinutes(1));
    }

    /**
     * The memory of all machines of this user together, in place of what is measured.
     *
     * @return MiB, or empty to measure
     */
    public OptionalInt memoryBudgetMib() {
        return value(MEMORY_BUDGET_MIB)
                .map(setting -> OptionalInt.of(setting.asInteger(1, Integer.MAX_VALUE)))
                .orElse(OptionalInt.empty());
    }

    /**
     * What the layers of one image may hold together, uncompressed.
     *
     * @return bytes; 64 GiB unless set
     */
    public long imageMaxBytes() {
        return value(IMAGE_MAX_BYTES).map(SettingValue::asBytes).orElse(64L << 30);
    }

    /**
     * How many entries the layers of one image may hold together.
     *
     * @return at least 1; five million unless set
     */
    public int imageMaxEntries() {
        return value(IMAGE_MAX_ENTRIES)
                .map(setting -> setting.asInteger(1, Integer.MAX_VALUE))
                .orElse(5_000_000);
    }

    /**
     * How many blobs are downloaded at once.
     *
     * @return 1 to 32; 4 unless set
     */
    public int registryParallelism() {
        return value(REGISTRY_PARALLELISM)
                .map(setting -> setting.asInteger(1, 32))
                .orElse(4);
    }

    /**
     * How long a registry may be silent in the middle of an answer.
     *
     * @return a positive duration; 30 seconds unless set
     */
    public Duration registryIdleTimeout() {
        return value(REGISTRY_IDLE_TIMEOUT).map(SettingValue::asDuration).orElse(Duration.ofSeconds(30));
    }

    /**
     * The mirrors of registries.
     *
     * @return for each registry that has some its mirrors, each {@code host[:port][/path]}, in their order; empty unless set
     */
    public Map<String, List<String>> registryMirrors() {
        return value(REGISTRY_MIRRORS).map(SettingValue::asLists).orElse(Map.of());
    }

    /**
     * Certificates that registries may use beside those that Java trusts.
     *
     * @return an absolute path, or empty
     */
    public Optional<Path> registryCaFile() {
        return value(REGISTRY_CA_FILE).map(SettingValue::asPath);
    }

    /**
     * What becomes of the machine of a failed test.
     *
     * @return {@link KeepOnFailure#NO} unless set
     */
    public KeepOnFailure keepOnFailure() {
        return value(VM_KEEP_ON_FAILURE)
                .map(setting -> setting.asOneOf(KeepOnFailure.class))
                .orElse(KeepOnFailure.NO);
    }

    private Optional<SettingValue> value(SettingDefinition definition) {
        return from(parameters, definition.key(), "configuration parameter")
                .or(() -> from(properties, definition.key(), "system property"))
                .or(() -> from(environment, definition.environmentName(), "environment variable"));
    }

    private static Optional<SettingValue> from(Function<String, @Nullable String> source, String name, String kind) {
        String text = source.apply(name);
        return text == null || text.isBlank()
                ? Optional.empty()
                : Optional.of(new SettingValue(kind + " " + name, text.strip()));
    }

    /** A directory of the XDG base directory specification, which says that relative values are to be ignored. */
    private Path userDirectory(String variable, String belowHome) {
        String configured = environment.apply(variable);
        if (configured != null && !configured.isBlank() && Path.of(configured).isAbsolute()) {
            return Path.of(configured);
        }
        String home = properties.apply("user.home");
        if (home == null || !Path.of(home).isAbsolute()) {
            throw new IllegalArgumentException("The system property user.home should be an absolute path, but was: '"
                    + home + "'. Set supermachine.cache.dir and supermachine.snapshots.dir, or HOME.");
        }
        return Path.of(home).resolve(belowHome);
    }
}
