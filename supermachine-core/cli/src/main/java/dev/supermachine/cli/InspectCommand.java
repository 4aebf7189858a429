package dev.supermachine.cli;

import dev.supermachine.snapshot.Snapshot;
import dev.supermachine.snapshot.SnapshotDetails;
import dev.supermachine.snapshot.SnapshotManifest;
import dev.supermachine.snapshot.SnapshotStore;
import dev.supermachine.text.ForeignText;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Shows one snapshot. */
@Command(
        name = "inspect",
        description = "Show one snapshot in full, after checking all its files.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class InspectCommand extends AbstractCommand {

    private static final int MOST_CHARACTERS = 1000;

    @Mixin
    private StoreOption store = new StoreOption();

    @Parameters(
            paramLabel = "SNAPSHOT",
            description = "Its fingerprint or the beginning of that, its name, its image, or its directory.")
    private String snapshot = "";

    InspectCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    public Integer call() {
        Snapshot found = Snapshots.named(snapshot, SnapshotStore.of(settings(store.directory())));
        Map<String, Object> all = describe(found);
        if (json()) {
            print(all);
        } else {
            all.forEach((key, value) -> tell("", key, value));
        }
        return ExitStatus.OK;
    }

    private void tell(String indent, String key, Object value) {
        if (value instanceof Map<?, ?> map) {
            out().println(indent + key);
            map.forEach((name, member) -> tell(indent + "  ", String.valueOf(name), member));
        } else if (key.equals("consoleTail")) {
            out().println(indent + key);
            ForeignText.lines(String.valueOf(value)).lines().forEach(line -> out().println("  | " + line));
        } else {
            out().println(indent + ForeignText.line(key + ": " + value, MOST_CHARACTERS));
        }
    }

    private static Map<String, Object> describe(Snapshot snapshot) {
        SnapshotManifest manifest = snapshot.manifest();
        SnapshotDetails details = manifest.details();
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("name", manifest.name());
        all.put("fingerprint", manifest.fingerprint());
        all.put("directory", snapshot.directory().toString());
        all.put("reference", details.imageReference());
        all.put("created", manifest.created().toString());
        all.put("bakeMillis", manifest.bakeDuration().toMillis());
        all.put("workloadStarted", details.workloadStarted());
        all.put("guestPorts", details.guestPorts());
        all.put("workload", details.workload());
        all.put("inputs", details.inputs());
        Map<String, Object> files = new LinkedHashMap<>();
        manifest.files().forEach(file -> files.put(file.path(), file(file.size(), file.hash())));
        all.put("files", files);
        all.put("consoleTail", details.consoleTail());
        return all;
    }

    private static Map<String, Object> file(long size, String hash) {
        Map<String, Object> file = new LinkedHashMap<>();
        file.put("size", size);
        file.put("hash", hash);
        return file;
    }
}
