package dev.supermachine.engine;

import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonWriter;
import dev.supermachine.linux.FileLock;
import dev.supermachine.settings.Settings;
import dev.supermachine.text.ForeignText;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers of engines' probes that are true until the host starts again, for the JVMs to come: {@code probes/<engine>.json} in the cache. An answer holds only
 * under the circumstances that are written beside it. Nothing in here ever fails: what cannot be read is found out anew, what cannot be written is left.
 * Thread-safe.
 *
 * @since 0.1
 */
public final class ProbeCache {

    /** To be raised when a probe judges otherwise than before. */
    private static final int FORMAT = 1;

    private static final long LARGEST = 64 * 1024;
    private static final int LONGEST_REASON = 8 * 1024;
    private static final String FORMAT_KEY = "format";
    private static final String CIRCUMSTANCES_KEY = "circumstances";
    private static final String USABLE_KEY = "usable";
    private static final String REASON_KEY = "reason";

    private static final Logger LOG = LoggerFactory.getLogger(ProbeCache.class);

    /** How the names of files begin that are being written: then the process and a number by chance. */
    private static final String PART = "part-";

    private static final Pattern OWNER = Pattern.compile(PART + "([0-9]{1,18})-");

    private final @Nullable Path directory;
    private final Path bootId;

    ProbeCache(@Nullable Path directory, Path bootId) {
        this.directory = directory;
        this.bootId = bootId;
    }

    /**
     * The one in the cache that the settings name.
     *
     * @return it; one that remembers nothing where the settings are wrong
     */
    public static ProbeCache system() {
        Path bootId = Path.of("/proc/sys/kernel/random/boot_id");
        try {
            return new ProbeCache(Settings.system().cacheDirectory().resolve("probes"), bootId);
        } catch (IllegalArgumentException e) {
            // whoever needs the cache for more than this reports it
            LOG.debug("Answers of probes are not kept", e);
            return new ProbeCache(null, bootId);
        }
    }

    /**
     * The answer of a probe: the remembered one, or else a new one, which is remembered if it lasts.
     *
     * @param engine the engine's id, which is a file's name
     * @param circumstances what the answer depends on, beside this boot of the host, this user and this library
     * @param probe finds the answer out
     * @return the answer
     */
    public Availability get(String engine, List<String> circumstances, Supplier<ProbeResult> probe) {
        Optional<List<String>> all = directory == null ? Optional.empty() : withOurs(circumstances);
        if (directory == null || all.isEmpty()) {
            return probe.get().availability();
        }
        Path file = directory.resolve(engine + ".json");
        Optional<Availability> known = read(file, all.get());
        if (known.isPresent()) {
            LOG.debug("The answer of the probe of {} is that of {}", engine, file);
            return known.get();
        }
        ProbeResult found = probe.get();
        if (found.lasting()) {
            write(directory, file, all.get(), found.availability());
        }
        return found.availability();
    }

    /** Empty if it cannot be told whether a later process finds the same. */
    private Optional<List<String>> withOurs(List<String> circumstances) {
        try {
            List<String> all = new ArrayList<>();
            all.add("boot " + Files.readString(bootId).strip());
            all.add("user " + uid());
            all.add("core " + origin(ProbeCache.class));
            all.add("native " + origin(FileLock.class));
            all.addAll(circumstances);
            return Optional.of(all);
        } catch (IOException | SecurityException e) {
            LOG.debug("Answers of probes are not kept", e);
            return Optional.empty();
        }
    }

    /** The jar or directory of a class: another one for each version of the library, and for each build. */
    private static String origin(Class<?> type) throws IOException {
        CodeSource source = type.getProtectionDomain().getCodeSource();
        URL location = source == null ? null : source.getLocation();
        if (location == null || !"file".equals(location.getProtocol())) {
            return String.valueOf(location);
        }
        try {
            Path path = Path.of(location.toURI());
            return path + stamp(path);
        } catch (URISyntaxException e) {
            throw new IOException(e);
        }
    }

    /**
     * What changes when a file is replaced.
     *
     * @param file a file, directory or device; links are followed
     * @return size, time and identity
     * @throws IOException if it cannot be looked at
     */
    public static String stamp(Path file) throws IOException {
        Map<String, Object> attributes = Files.readAttributes(file, "unix:ino,dev,rdev,size,lastModifiedTime");
        return " inode " + attributes.get("ino") + " on " + attributes.get("dev") + ", device " + attributes.get("rdev")
                + ", " + attributes.get("size") + " bytes of " + attributes.get("lastModifiedTime");
    }

    private static Object uid() throws IOException {
        return Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    }

    private static Optional<Availability> read(Path file, List<String> circumstances) {
        try {
            if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                return Optional.empty();
            }
            PosixFileAttributes attributes =
                    Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (!attributes.isRegularFile()
                    || attributes.size() > LARGEST
                    || !PosixFilePermissions.toString(attributes.permissions()).equals("rw-------")
                    || !Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS)
                            .equals(uid())) {
                LOG.debug("{} is not a file of this user's own", file);
                return Optional.empty();
            }
            JsonDocument document = JsonDocument.parse(Files.readAllBytes(file));
            if (document.integer(FORMAT_KEY) != FORMAT
                    || !document.strings(CIRCUMSTANCES_KEY).equals(circumstances)) {
                return Optional.empty();
            }
            // there is a value, or the fallbacks differ
            boolean usable = document.bool(USABLE_KEY, false);
            if (usable != document.bool(USABLE_KEY, true)) {
                return Optional.empty();
            }
            return Optional.of(new Availability(usable, ForeignText.line(document.string(REASON_KEY), LONGEST_REASON)));
        } catch (IOException | SecurityException e) {
            LOG.debug("{} is not used", file, e);
            return Optional.empty();
        }
    }

    private static void write(Path directory, Path file, List<String> circumstances, Availability availability) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put(FORMAT_KEY, FORMAT);
        document.put(CIRCUMSTANCES_KEY, circumstances);
        document.put(USABLE_KEY, availability.usable());
        document.put(REASON_KEY, availability.reason());
        try {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            sweep(directory);
            // its mode is 0600, and nobody sees half of it
            Path part = Files.createTempFile(
                    directory, PART + ProcessHandle.current().pid() + "-", "");
            try {
                Files.writeString(part, JsonWriter.indented(document));
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException | SecurityException e) {
            LOG.debug("{} is not written", file, e);
        }
    }

    /** Removes what processes left that were killed here. */
    private static void sweep(Path directory) throws IOException {
        try (DirectoryStream<Path> parts = Files.newDirectoryStream(directory, PART + "*")) {
            for (Path part : parts) {
                Matcher owner = OWNER.matcher(part.getFileName().toString());
                if (owner.lookingAt()
                        && ProcessHandle.of(Long.parseLong(owner.group(1))).isEmpty()) {
                    Files.deleteIfExists(part);
                }
            }
        }
    }
}
