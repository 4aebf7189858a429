package dev.supermachine.cli;

import dev.supermachine.OciImageBuilder;
import dev.supermachine.PullPolicy;
import dev.supermachine.VolumeSpec;
import dev.supermachine.settings.Settings;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiConsumer;
import picocli.CommandLine.Model.OptionSpec;

/**
 * An option for a setter of the builder.
 *
 * @param setter the setter's name
 * @param option how it is written and described
 * @param apply hands a value of the option to a builder
 */
record BakeOption(String setter, OptionSpec option, BiConsumer<OciImageBuilder, Object> apply) {

    /** One a line, for each setter that has no code as its value; a test holds it to the builder. {@code withWait} is {@link WaitOptions}. */
    static List<BakeOption> all() {
        return List.of(
                one(
                        "withPlatform",
                        "--platform",
                        "PLATFORM",
                        String.class,
                        "The platform whose variant is run, such as linux/arm64; this host's unless given.",
                        OciImageBuilder::withPlatform),
                each(
                        "withCmd",
                        "--cmd",
                        "WORD",
                        String[].class,
                        "A word of the command that runs in place of the image's entrypoint and cmd; once for each word.",
                        OciImageBuilder::withCmd),
                each(
                        "withEnv",
                        "--env",
                        "NAME=VALUE",
                        String[].class,
                        "A variable over the image's. May be given again.",
                        BakeOption::env),
                one(
                        "withMemoryMib",
                        "--memory",
                        "MIB",
                        Integer.class,
                        "Memory of the machine in MiB, 128 to 1048576; 256 unless given.",
                        OciImageBuilder::withMemoryMib),
                one(
                        "withVcpus",
                        "--vcpus",
                        "N",
                        Integer.class,
                        "Number of virtual CPUs, 1 to 8; 1 unless given.",
                        OciImageBuilder::withVcpus),
                one(
                        "withGuestPort",
                        "--port",
                        "PORT",
                        Integer.class,
                        "The guest's port of the service; 80 unless given.",
                        OciImageBuilder::withGuestPort),
                flag(
                        "withListenerRequired",
                        "--listener",
                        "Capture when something listens on the guest's port; the same as --wait listener."),
                each(
                        "withExtraFile",
                        "--extra-file",
                        "HOST:GUEST",
                        String[].class,
                        "A file, directory or link of this host over the image's files. May be given again.",
                        BakeOption::extraFile),
                each(
                        "withExtraKernelArg",
                        "--kernel-arg",
                        "ARG",
                        String[].class,
                        "One more argument of the guest's kernel. May be given again.",
                        BakeOption::kernelArgument),
                each(
                        "withVolume",
                        "--volume",
                        "HOST:GUEST:SIZE",
                        String[].class,
                        "A writable disk: the file of this host, the path in the machine, and its size. May be given again.",
                        BakeOption::volume),
                one(
                        "withPullPolicy",
                        "--pull",
                        "POLICY",
                        PullPolicy.class,
                        "When the registry is asked: ${COMPLETION-CANDIDATES}; IF_MISSING unless given.",
                        OciImageBuilder::withPullPolicy),
                one(
                        "withOciArchive",
                        "--oci-archive",
                        "FILE",
                        Path.class,
                        "Take the image's bytes from this tar, in OCI layout or of docker save.",
                        OciImageBuilder::withOciArchive),
                one(
                        "withOciLayout",
                        "--oci-layout",
                        "DIRECTORY",
                        Path.class,
                        "Take the image's bytes from this OCI layout.",
                        OciImageBuilder::withOciLayout),
                one(
                        "withName",
                        "--name",
                        "NAME",
                        String.class,
                        "The snapshot's name; made from the reference unless given.",
                        OciImageBuilder::withName),
                one(
                        "withSnapshotsDir",
                        "--snapshots-dir",
                        "DIRECTORY",
                        Path.class,
                        "Where snapshots are kept; the setting supermachine.snapshots.dir unless given.",
                        OciImageBuilder::withSnapshotsDir),
                one(
                        "withEngine",
                        "--engine",
                        "ID",
                        String.class,
                        "The engine that bakes and restores; the best usable one unless given.",
                        OciImageBuilder::withEngine));
    }

    /** Hands over what was given on the command line, if anything. */
    void applyTo(OciImageBuilder builder) {
        Object value = option.getValue();
        if (value != null && !Boolean.FALSE.equals(value)) {
            apply.accept(builder, value);
        }
    }

    private static <T> BakeOption one(
            String setter,
            String name,
            String label,
            Class<T> type,
            String description,
            BiConsumer<OciImageBuilder, T> apply) {
        OptionSpec option = OptionSpec.builder(name)
                .type(type)
                .arity("1")
                .paramLabel(label)
                .description(description)
                .build();
        return new BakeOption(setter, option, (builder, value) -> apply.accept(builder, type.cast(value)));
    }

    /** An option that may be given again; its values come together, in their order. */
    private static BakeOption each(
            String setter,
            String name,
            String label,
            Class<String[]> type,
            String description,
            BiConsumer<OciImageBuilder, String[]> apply) {
        return one(setter, name, label, type, description, apply);
    }

    private static BakeOption flag(String setter, String name, String description) {
        OptionSpec option = OptionSpec.builder(name)
                .type(Boolean.class)
                .arity("0")
                .description(description)
                .build();
        return new BakeOption(setter, option, (builder, value) -> builder.withListenerRequired());
    }

    private static void env(OciImageBuilder builder, String[] variables) {
        for (String variable : variables) {
            int equals = variable.indexOf('=');
            if (equals < 0) {
                // without what was given, which may be a secret
                throw new IllegalArgumentException("--env takes NAME=VALUE, but one has no '='.");
            }
            builder.withEnv(variable.substring(0, equals), variable.substring(equals + 1));
        }
    }

    private static void extraFile(OciImageBuilder builder, String[] files) {
        for (String file : files) {
            int colon = file.lastIndexOf(':');
            if (colon < 1) {
                throw new IllegalArgumentException("--extra-file takes HOST:GUEST, but was: '" + file + "'");
            }
            builder.withExtraFile(Path.of(file.substring(0, colon)), file.substring(colon + 1));
        }
    }

    private static void volume(OciImageBuilder builder, String[] volumes) {
        for (String volume : volumes) {
            int last = volume.lastIndexOf(':');
            int first = volume.lastIndexOf(':', last - 1);
            if (first < 1) {
                throw new IllegalArgumentException("--volume takes HOST:GUEST:SIZE, but was: '" + volume + "'");
            }
            builder.withVolume(VolumeSpec.of(Path.of(volume.substring(0, first)), volume.substring(first + 1, last))
                    .withSizeBytes(Settings.size("size in option --volume", volume.substring(last + 1))));
        }
    }

    private static void kernelArgument(OciImageBuilder builder, String[] arguments) {
        for (String argument : arguments) {
            builder.withExtraKernelArg(argument);
        }
    }
}
