package dev.supermachine.image;

import dev.supermachine.Image;
import dev.supermachine.OciImageBuilder;
import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.VolumeSpec;
import dev.supermachine.Wait;
import dev.supermachine.Warmup;
import dev.supermachine.bake.BakeRequest;
import dev.supermachine.bake.WarmupPlan;
import dev.supermachine.oci.ImageReference;
import dev.supermachine.oci.ImageSource;
import dev.supermachine.pool.WarmupVm;
import dev.supermachine.settings.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Collects a bake's inputs. */
final class ImageBuilder implements OciImageBuilder {

    private static final Logger LOG = LoggerFactory.getLogger(ImageBuilder.class);
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
    private static final int MIN_MEMORY_MIB = 128;
    private static final int MAX_MEMORY_MIB = 1 << 20;

    private final Settings settings;
    private final String reference;
    private ImageSource source;
    private Optional<String> name = Optional.empty();
    private PullPolicy pullPolicy = PullPolicy.IF_MISSING;
    private int memoryMib = DEFAULT_MEMORY_MIB;
    private int vcpus = DEFAULT_VCPUS;
    private int guestPort = DEFAULT_GUEST_PORT;
    private List<String> command = List.of();
    private final Map<String, String> environment = new LinkedHashMap<>();
    private final List<String> kernelArguments = new ArrayList<>();
    private final Map<String, Path> extraFiles = new TreeMap<>();
    private final List<VolumeSpec> volumes = new ArrayList<>();
    private Optional<Path> snapshotsDirectory = Optional.empty();
    private Optional<Wait> wait = Optional.empty();
    private Optional<String> engine = Optional.empty();
    private Optional<Warmup> warmup = Optional.empty();
    private Optional<String> warmupTag = Optional.empty();
    private boolean namesPort;

    ImageBuilder(Settings settings, String reference) {
        this.settings = settings;
        this.reference = reference;
        this.source = ImageSource.of(reference);
    }

    @Override
    public OciImageBuilder withName(String text) {
        if (!NAME.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    "A snapshot's name is 1 to 128 letters, digits, '.', '_' and '-', beginning with a letter or digit, but was: '"
                            + text + "'");
        }
        name = Optional.of(text);
        return this;
    }

    @Override
    public OciImageBuilder withPullPolicy(PullPolicy policy) {
        pullPolicy = policy;
        return this;
    }

    @Override
    public OciImageBuilder withMemoryMib(int mib) {
        memoryMib = inRange("A machine's memory", " MiB", mib, MIN_MEMORY_MIB, MAX_MEMORY_MIB);
        return this;
    }

    @Override
    public OciImageBuilder withVcpus(int count) {
        vcpus = inRange("The number of virtual CPUs", "", count, 1, MAX_VCPUS);
        return this;
    }

    @Override
    public OciImageBuilder withExtraKernelArg(String argument) {
        kernelArguments.add(GuestValues.kernelArgument(argument, kernelArguments));
        return this;
    }

    @Override
    public OciImageBuilder withExtraFile(Path host, String guest) {
        extraFiles.put(GuestValues.path("An extra file cannot be put", guest), host.toAbsolutePath());
        return this;
    }

    @Override
    public OciImageBuilder withVolume(VolumeSpec volume) {
        volumes.add(VolumeRules.checked(volume, volumes));
        return this;
    }

    @Override
    public OciImageBuilder withGuestPort(int port) {
        guestPort = inRange("A guest port", "", port, 1, 65535);
        namesPort = true;
        return this;
    }

    @Override
    public OciImageBuilder withCmd(String... argv) {
        if (argv.length == 0 || argv[0].isEmpty()) {
            throw new IllegalArgumentException(
                    "A command needs at least the name of a program, but was: " + List.of(argv));
        }
        for (String word : argv) {
            if (word.indexOf('\0') >= 0) {
                throw new IllegalArgumentException(
                        "No word of a command can have a NUL, but one was: '" + word.replace('\0', '\u2400') + "'");
            }
        }
        command = List.of(argv);
        return this;
    }

    @Override
    public OciImageBuilder withEnv(String key, String value) {
        if (key.isEmpty() || key.indexOf('=') >= 0 || key.indexOf('\0') >= 0 || value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    "The name of an environment variable is not empty and has no '=', and neither name nor value has a NUL, but the name was: '"
                            + key + "'");
        }
        environment.put(key, value);
        return this;
    }

    @Override
    public OciImageBuilder withSnapshotsDir(Path directory) {
        snapshotsDirectory = Optional.of(directory.toAbsolutePath().normalize());
        return this;
    }

    @Override
    public OciImageBuilder withListenerRequired() {
        return withWait(Wait.forListener());
    }

    @Override
    public OciImageBuilder withWait(Wait condition) {
        wait = Optional.of(condition);
        return this;
    }

    @Override
    public OciImageBuilder withOciArchive(Path archive) {
        source = ImageSource.ociArchive(archive, logicalName());
        return this;
    }

    @Override
    public OciImageBuilder withOciLayout(Path directory) {
        source = ImageSource.ociLayout(directory, logicalName());
        return this;
    }

    @Override
    public OciImageBuilder withEngine(String id) {
        engine = Optional.of(id);
        return this;
    }

    @Override
    public OciImageBuilder withWarmup(Warmup code) {
        warmup = Optional.of(code);
        return this;
    }

    @Override
    public OciImageBuilder withWarmupTag(String tag) {
        if (tag.isBlank()) {
            throw new IllegalArgumentException("The tag of a warm-up is not blank, but was: '" + tag + "'");
        }
        warmupTag = Optional.of(tag);
        return this;
    }

    @Override
    public Image build() {
        if (warmupTag.isPresent() && warmup.isEmpty()) {
            throw new IllegalStateException("There is a tag for a warm-up, '" + warmupTag.get()
                    + "', but no warm-up: give one with withWarmup, or leave the tag out.");
        }
        BakeRequest request = request();
        manyProcessors(request, Runtime.getRuntime().availableProcessors()).ifPresent(LOG::warn);
        return Images.bake(settings, request, snapshotsDirectory.orElseGet(settings::snapshotsDirectory));
    }

    /** What is to be baked, as it was set until now. */
    BakeRequest request() {
        String snapshotName = name.orElseGet(() -> defaultName(reference));
        return new BakeRequest(
                snapshotName,
                reference,
                source,
                Platform.LINUX_AMD64,
                pullPolicy,
                memoryMib,
                vcpus,
                guestPort,
                warmup.isPresent() && namesPort ? wait.or(() -> Optional.of(Wait.forListener())) : wait,
                command,
                environment,
                kernelArguments,
                extraFiles,
                volumes.stream()
                        .sorted(Comparator.comparing(VolumeSpec::guestPath))
                        .toList(),
                engine,
                warmup.map(code -> WarmupPlan.of(snapshotName, reference, code, warmupTag, WarmupVm::lend)));
    }

    /** What to say of a machine that has more processors than there are. */
    static Optional<String> manyProcessors(BakeRequest request, int available) {
        return request.vcpus() <= available
                ? Optional.empty()
                : Optional.of("The machines of '" + request.name() + "' have " + request.vcpus()
                        + " virtual CPUs, but this JVM has " + available
                        + " processors: they take turns, which costs more than it gains. Ask for at most " + available
                        + " with withVcpus.");
    }

    /** The reference, unless that is itself a path. */
    private Optional<ImageReference> logicalName() {
        return ImageSource.of(reference) instanceof ImageSource.Registry registry
                ? Optional.of(registry.reference())
                : Optional.empty();
    }

    /** {@code nginx:1.27-alpine} gives {@code nginx_1_27-alpine}; a path gives its last element. */
    static String defaultName(String reference) {
        String text = reference;
        if (text.startsWith(ImageSource.LAYOUT_PREFIX) || text.startsWith(ImageSource.ARCHIVE_PREFIX)) {
            text = text.substring(text.indexOf(':') + 1).replaceAll("/+$", "");
            text = text.substring(text.lastIndexOf('/') + 1);
        } else {
            text = ImageReference.parse(reference).familiar();
        }
        String name = text.replaceAll("[^A-Za-z0-9-]", "_").replaceAll("^[^A-Za-z0-9]+", "");
        return name.isEmpty() ? "image" : name.substring(0, Math.min(name.length(), 128));
    }

    private static int inRange(String what, String unit, int value, int min, int max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(
                    what + " is " + min + " to " + max + unit + ", but was: " + value + unit);
        }
        return value;
    }
}
