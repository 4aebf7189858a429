package dev.supermachine.snapshot;

import dev.supermachine.fuzz.Oracle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Any bytes as a snapshot's manifest, once as they are and once with the checksum they should have: refused, or written and read the same, and inside. */
public final class SnapshotManifestFuzz {

    private static final Pattern WRONG_CHECKSUM =
            Pattern.compile("its manifest was changed: it carries the checksum (.*), but its content has ([0-9a-f:]+)");
    private static final Path DIRECTORY = Path.of("/store/snapshot");

    private SnapshotManifestFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        try {
            check(ManifestFormat.read(input));
        } catch (DamagedSnapshotException e) {
            Oracle.requireGoodMessage(e);
            Matcher wrong = WRONG_CHECKSUM.matcher(String.valueOf(e.getMessage()));
            if (wrong.matches() && !wrong.group(1).isEmpty()) {
                repaired(new String(input, StandardCharsets.UTF_8).replace(wrong.group(1), wrong.group(2)));
            }
        }
    }

    private static void repaired(String text) {
        try {
            check(ManifestFormat.read(text.getBytes(StandardCharsets.UTF_8)));
        } catch (DamagedSnapshotException e) {
            Oracle.requireGoodMessage(e);
        }
    }

    private static void check(SnapshotManifest manifest) {
        try {
            byte[] written = ManifestFormat.write(manifest).getBytes(StandardCharsets.UTF_8);
            Oracle.requireEqual(manifest, ManifestFormat.read(written), "written and read again");
        } catch (DamagedSnapshotException e) {
            throw new AssertionError("what was read is refused when it is written again", e);
        }
        for (SnapshotFile file : manifest.files()) {
            Path path = DIRECTORY.resolve(file.path()).normalize();
            Oracle.require(path.startsWith(DIRECTORY) && !path.equals(DIRECTORY), "a file at " + path);
        }
        Oracle.require(
                manifest.details().memoryMib() > 0 && manifest.details().vcpus() > 0, "no memory or no processor");
    }
}
