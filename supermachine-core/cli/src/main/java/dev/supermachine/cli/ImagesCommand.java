package dev.supermachine.cli;

import dev.supermachine.snapshot.SnapshotStore;
import dev.supermachine.snapshot.StoredSnapshot;
import dev.supermachine.text.ForeignText;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lists the store. */
@Command(
        name = "images",
        description = "List the snapshots in the store, the longest unused first.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ImagesCommand extends AbstractCommand {

    private static final int MOST_CHARACTERS = 60;

    @Mixin
    private StoreOption store = new StoreOption();

    ImagesCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    public Integer call() {
        List<StoredSnapshot> all = SnapshotStore.of(settings(store.directory())).list();
        if (json()) {
            print(Map.of("snapshots", all.stream().map(ImagesCommand::json).toList()));
            return ExitStatus.OK;
        }
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("FINGERPRINT", "NAME", "IMAGE", "DIGEST", "SIZE", "LAST USE", "ENGINE", "IN USE"));
        Instant now = Instant.now();
        all.forEach(snapshot -> rows.add(row(snapshot, now)));
        Table.print(rows, out());
        return ExitStatus.OK;
    }

    private static List<String> row(StoredSnapshot snapshot, Instant now) {
        List<String> row = new ArrayList<>(List.of(Words.brief(snapshot.fingerprint())));
        row.addAll(snapshot.manifest()
                .map(manifest -> List.of(
                        manifest.name(),
                        manifest.details().imageReference(),
                        digest(manifest.details().imageDigest())))
                .orElseGet(() -> List.of("?", snapshot.problem().orElse(""), "?")));
        row.add(Words.bytes(snapshot.bytes()));
        row.add(Words.ago(snapshot.lastUse(), now));
        row.add(snapshot.manifest()
                .map(manifest -> manifest.details().engineId())
                .orElse("?"));
        row.add(snapshot.inUse() ? "yes" : "no");
        return row.stream().map(cell -> ForeignText.line(cell, MOST_CHARACTERS)).toList();
    }

    /** Its kind, and the beginning of the hash. */
    private static String digest(String digest) {
        int colon = digest.indexOf(':');
        return digest.substring(0, colon + 1) + Words.brief(digest.substring(colon + 1));
    }

    /** What is known of a snapshot without its manifest's inner parts. */
    static Map<String, Object> json(StoredSnapshot snapshot) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("fingerprint", snapshot.fingerprint());
        json.put("directory", snapshot.directory().toString());
        snapshot.manifest().ifPresent(manifest -> {
            json.put("name", manifest.name());
            json.put("image", manifest.details().imageReference());
            json.put("digest", manifest.details().imageDigest());
            json.put("engine", manifest.details().engineId());
        });
        snapshot.problem().ifPresent(problem -> json.put("problem", problem));
        json.put("bytes", snapshot.bytes());
        json.put("lastUse", snapshot.lastUse().toString());
        json.put("inUse", snapshot.inUse());
        return json;
    }
}
