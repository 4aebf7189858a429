package dev.supermachine.cli;

import dev.supermachine.settings.Settings;
import dev.supermachine.snapshot.PruneReport;
import dev.supermachine.snapshot.SnapshotStore;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Removes snapshots. */
@Command(
        name = "prune",
        description =
                "Remove snapshots from the store: those unused for longer than an age, then the longest unused beyond a size,"
                        + " or all. Without one of these, what the settings say. What is in use stays.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class PruneCommand extends AbstractCommand {

    @Mixin
    private StoreOption store = new StoreOption();

    @Option(
            names = "--older-than",
            paramLabel = "DURATION",
            description = "Remove those unused for longer, such as 7d.")
    private Optional<String> age = Optional.empty();

    @Option(
            names = "--keep-bytes",
            paramLabel = "SIZE",
            description = "Remove the longest unused until the rest takes no more on disk, such as 10GiB.")
    private Optional<String> bytes = Optional.empty();

    @Option(names = "--all", description = "Remove all that are not in use.")
    private boolean all;

    @Option(names = "--dry-run", description = "Only say what would be removed.")
    private boolean dryRun;

    PruneCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    public Integer call() {
        if (all && (age.isPresent() || bytes.isPresent())) {
            throw usage("--all removes everything, so --older-than and --keep-bytes have no place beside it.");
        }
        Settings settings = settings(store.directory());
        SnapshotStore snapshots = SnapshotStore.of(settings);
        long most = all ? -1 : most(settings);
        Duration oldest = all ? Duration.ZERO : oldest(settings);
        PruneReport report = dryRun ? snapshots.prunable(most, oldest) : snapshots.prune(most, oldest);
        if (json()) {
            print(json(report));
            return ExitStatus.OK;
        }
        report.removed().forEach(one -> out().println((dryRun ? "would remove  " : "removed  ") + one));
        report.inUse().forEach(one -> out().println("in use, stays  " + one));
        out().println((dryRun ? "would remain: " : "remain: ") + Words.bytes(report.remainingBytes()) + " in "
                + snapshots.root());
        return ExitStatus.OK;
    }

    private long most(Settings settings) {
        try {
            return bytes.map(text -> Settings.size("option --keep-bytes", text))
                    .orElseGet(() -> age.isPresent() ? Long.MAX_VALUE : settings.snapshotsMaxBytes());
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    private Duration oldest(Settings settings) {
        try {
            return age.map(text -> Settings.duration("option --older-than", text))
                    .orElseGet(() -> bytes.isPresent() ? Duration.ofDays(36500) : settings.snapshotsMaxAge());
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    private Map<String, Object> json(PruneReport report) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("dryRun", dryRun);
        json.put("removed", report.removed());
        json.put("inUse", report.inUse());
        json.put("remainingBytes", report.remainingBytes());
        return json;
    }
}
