package dev.supermachine.snapshot;

import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import dev.supermachine.json.JsonWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The manifest as JSON. Nothing in a text is believed before its version, its types, its paths and its checksum were checked. */
final class ManifestFormat {

    private ManifestFormat() {}

    static String write(SnapshotManifest manifest) {
        Map<String, Object> json = members(manifest);
        json.put("checksum", checksum(manifest));
        return JsonWriter.indented(json);
    }

    /**
     * Reads what {@link #write(SnapshotManifest)} wrote.
     *
     * @throws DamagedSnapshotException if it is of another version, broken, or changed since
     */
    static SnapshotManifest read(byte[] text) throws DamagedSnapshotException {
        try {
            JsonDocument json = JsonDocument.parse(text);
            long version = json.integer("formatVersion");
            if (version != SnapshotManifest.FORMAT_VERSION) {
                throw new DamagedSnapshotException("its format version is " + version + ", this library reads version "
                        + SnapshotManifest.FORMAT_VERSION);
            }
            SnapshotManifest manifest = read(json);
            String expected = json.string("checksum");
            if (!checksum(manifest).equals(expected)) {
                throw new DamagedSnapshotException("its manifest was changed: it carries the checksum " + expected
                        + ", but its content has " + checksum(manifest));
            }
            return manifest;
        } catch (JsonFormatException | DateTimeException | IllegalArgumentException e) {
            throw new DamagedSnapshotException("its manifest cannot be read: " + e.getMessage(), e);
        }
    }

    private static SnapshotManifest read(JsonDocument json) throws JsonFormatException {
        JsonDocument image = json.object("image");
        JsonDocument engine = json.object("engine");
        JsonDocument machine = json.object("machine");
        List<Integer> ports = new ArrayList<>();
        for (String port : machine.strings("guestPorts")) {
            ports.add(Integer.valueOf(port));
        }
        SnapshotDetails details = new SnapshotDetails(
                image.string("reference"),
                image.string("digest"),
                image.string("platform"),
                engine.string("id"),
                engine.string("identity"),
                Math.toIntExact(range(machine.integer("memoryMib"))),
                Math.toIntExact(range(machine.integer("vcpus"))),
                ports,
                machine.bool("workloadStarted", false),
                json.string("readiness"),
                machine.string("kernel"),
                machine.string("agent"),
                volumes(json),
                json.stringMap("environment"),
                json.string("workload"),
                json.string("consoleTail"));
        String fingerprint = json.string("fingerprint");
        if (!SnapshotLayout.isFingerprint(fingerprint)) {
            throw new IllegalArgumentException(
                    "fingerprint: expected 64 hexadecimal digits, but was '" + fingerprint + "'");
        }
        return new SnapshotManifest(
                SnapshotManifest.FORMAT_VERSION,
                fingerprint,
                json.string("name"),
                details,
                Instant.parse(json.string("created")),
                Duration.ofMillis(json.integer("bakeMillis")),
                files(json));
    }

    private static List<SnapshotVolume> volumes(JsonDocument json) throws JsonFormatException {
        List<SnapshotVolume> volumes = new ArrayList<>();
        for (JsonDocument volume : json.objects("volumes")) {
            volumes.add(
                    new SnapshotVolume(volume.string("guestPath"), volume.integer("sizeBytes"), volume.string("seed")));
        }
        return volumes;
    }

    private static List<SnapshotFile> files(JsonDocument json) throws JsonFormatException {
        List<SnapshotFile> files = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (JsonDocument file : json.objects("files")) {
            String path = file.string("path");
            if (!isInside(path) || !seen.add(path)) {
                throw new IllegalArgumentException(
                        "files: expected distinct relative paths inside the directory, but was '" + path + "'");
            }
            files.add(new SnapshotFile(path, file.integer("size"), file.string("hash")));
        }
        return files;
    }

    /** A snapshot may come from elsewhere, so its paths are input from outside. */
    private static boolean isInside(String text) {
        try {
            Path path = Path.of(text);
            return !text.isEmpty()
                    && !path.isAbsolute()
                    && path.normalize().equals(path)
                    && !path.startsWith("..")
                    && path.toString().equals(text);
        } catch (InvalidPathException e) {
            return false;
        }
    }

    private static long range(long number) {
        if (number < 1 || number > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("machine: expected a positive int, but was " + number);
        }
        return number;
    }

    private static Map<String, Object> members(SnapshotManifest manifest) {
        SnapshotDetails details = manifest.details();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("formatVersion", manifest.formatVersion());
        json.put("fingerprint", manifest.fingerprint());
        json.put("name", manifest.name());
        json.put(
                "image",
                ordered(
                        "reference", details.imageReference(),
                        "digest", details.imageDigest(),
                        "platform", details.platform()));
        json.put("engine", ordered("id", details.engineId(), "identity", details.engineIdentity()));
        json.put(
                "machine",
                ordered(
                        "memoryMib", details.memoryMib(),
                        "vcpus", details.vcpus(),
                        "guestPorts",
                                details.guestPorts().stream()
                                        .map(String::valueOf)
                                        .toList(),
                        "workloadStarted", details.workloadStarted(),
                        "kernel", details.kernelFingerprint(),
                        "agent", details.agentFingerprint()));
        json.put("readiness", details.readiness());
        json.put(
                "volumes",
                details.volumes().stream()
                        .map(volume -> ordered(
                                "guestPath", volume.guestPath(),
                                "sizeBytes", volume.sizeBytes(),
                                "seed", volume.seed()))
                        .toList());
        json.put("environment", new TreeMap<>(details.environment()));
        json.put("workload", details.workload());
        json.put("created", manifest.created().toString());
        json.put("bakeMillis", manifest.bakeDuration().toMillis());
        json.put("consoleTail", details.consoleTail());
        json.put(
                "files",
                manifest.files().stream()
                        .map(file -> ordered("path", file.path(), "size", file.size(), "hash", file.hash()))
                        .toList());
        return json;
    }

    private static Map<String, Object> ordered(Object... namesAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            map.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return map;
    }

    private static String checksum(SnapshotManifest manifest) {
        return ContentHash.of(JsonWriter.compact(members(manifest)).getBytes(StandardCharsets.UTF_8));
    }
}
