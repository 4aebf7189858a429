package dev.supermachine.cli;

import dev.supermachine.Image;
import dev.supermachine.bake.BakePhase;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Makes sure that a snapshot is there. */
@Command(
        name = "bake",
        description = "Bake an image, or find the snapshot of an earlier bake with the same inputs.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class BakeCommand extends ImageCommand {

    @Parameters(paramLabel = "REF", description = "The image: a reference, oci-layout:PATH or oci-archive:PATH.")
    private String reference = "";

    BakeCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    public Integer call() {
        Progress progress = new Progress(err(), terminal().canRedraw());
        Image image = builder(reference, settings(Optional.empty()), progress).build();
        progress.ended();
        Image.Origin origin = image.origin();
        String fingerprint = fingerprint(origin.snapshot());
        if (json()) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("name", image.name());
            result.put("reference", image.reference());
            result.put("fingerprint", fingerprint);
            result.put("directory", origin.snapshot().toString());
            result.put("hit", !origin.baked());
            Map<String, Object> phases = new LinkedHashMap<>();
            progress.phases().forEach((phase, millis) -> phases.put(phase.words(), millis));
            result.put("phaseMillis", phases);
            print(result);
            return ExitStatus.OK;
        }
        out().println((origin.baked() ? "baked  " : "hit    ") + image.name() + " from " + image.reference());
        out().println("       " + fingerprint);
        out().println("       " + origin.snapshot());
        progress.phases().forEach((phase, millis) -> out().println("       " + line(phase, millis)));
        return ExitStatus.OK;
    }

    private static String line(BakePhase phase, long millis) {
        return String.format("%-12s %s", phase.words(), Words.millis(millis));
    }

    /** A snapshot in a store has its fingerprint as its directory's name. */
    private static String fingerprint(Path directory) {
        return String.valueOf(directory.getFileName());
    }
}
