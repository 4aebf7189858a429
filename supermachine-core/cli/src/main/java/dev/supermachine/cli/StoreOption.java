package dev.supermachine.cli;

import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which store a command looks into. */
final class StoreOption {

    @Option(
            names = "--snapshots-dir",
            paramLabel = "DIRECTORY",
            description = "Where snapshots are kept; the setting supermachine.snapshots.dir unless given.")
    private Optional<Path> directory = Optional.empty();

    Optional<Path> directory() {
        return directory;
    }
}
