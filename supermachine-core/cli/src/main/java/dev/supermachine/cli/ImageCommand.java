package dev.supermachine.cli;

import dev.supermachine.Image;
import dev.supermachine.OciImageBuilder;
import dev.supermachine.bake.BakeListener;
import dev.supermachine.image.Images;
import dev.supermachine.settings.Settings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;

/** A command that may bake: its options are those of the builder. */
abstract class ImageCommand extends AbstractCommand {

    private final List<BakeOption> options = BakeOption.all();

    @Mixin
    private WaitOptions wait = new WaitOptions();

    ImageCommand(Terminal terminal) {
        super(terminal);
    }

    /** The options are a list of their own, so that a test can walk it. */
    final void addOptions(CommandSpec spec) {
        options.forEach(option -> spec.addOption(option.option()));
    }

    /** What machines are restored from: the snapshot in the directory of that name, or the image, baked with what there is to see of it. */
    final Image image(String target, Settings settings) {
        Progress progress = new Progress(err(), terminal().canRedraw());
        Optional<Path> snapshot = Snapshots.directory(target);
        Image image = snapshot.isPresent()
                ? Images.fromSnapshot(snapshot.get(), settings)
                : builder(target, settings, progress).build();
        progress.ended();
        return image;
    }

    /** The builder that the command line describes. */
    final OciImageBuilder builder(String reference, Settings settings, BakeListener listener) {
        try {
            OciImageBuilder builder = Images.builder(reference, settings, listener);
            options.forEach(option -> option.applyTo(builder));
            wait.applyTo(builder);
            return builder;
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }
}
