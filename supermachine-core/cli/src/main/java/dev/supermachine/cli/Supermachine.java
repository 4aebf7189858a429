package dev.supermachine.cli;

import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The program as a whole: its commands, how failures are told, and with which status they end. */
@Command(
        name = "supermachine",
        description = "MicroVMs of container images: bake them, run them, look after what is kept.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        subcommands = {
            BakeCommand.class,
            RunCommand.class,
            ExecCommand.class,
            ImagesCommand.class,
            InspectCommand.class,
            WhyCommand.class,
            PruneCommand.class,
            DoctorCommand.class
        })
final class Supermachine implements Runnable {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    private Supermachine() {}

    /** The whole command line over these streams. */
    static CommandLine commandLine(Terminal terminal) {
        IFactory factory = new IFactory() {
            @Override
            public <K> K create(Class<K> type) throws Exception {
                return type == Supermachine.class
                        ? type.cast(new Supermachine())
                        : AbstractCommand.class.isAssignableFrom(type)
                                ? type.cast(type.getDeclaredConstructor(Terminal.class)
                                        .newInstance(terminal))
                                : CommandLine.defaultFactory().create(type);
            }
        };
        CommandLine line = new CommandLine(new Supermachine(), factory);
        line.getSubcommands().values().forEach(command -> {
            if (command.getCommand() instanceof ImageCommand image) {
                image.addOptions(command.getCommandSpec());
            }
        });
        line.setOut(new PrintWriter(new OutputStreamWriter(terminal.out(), StandardCharsets.UTF_8), true));
        line.setErr(new PrintWriter(new OutputStreamWriter(terminal.err(), StandardCharsets.UTF_8), true));
        line.setColorScheme(CommandLine.Help.defaultColorScheme(terminal.color() ? Ansi.ON : Ansi.OFF));
        line.setExecutionExceptionHandler(new Failures());
        line.setUsageHelpAutoWidth(false);
        return line;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "A command is missing.");
    }
}
