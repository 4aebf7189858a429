package dev.supermachine.cli;

import dev.supermachine.Exec;
import dev.supermachine.ExecProcess;
import dev.supermachine.ExecResult;
import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.pool.KeptExec;
import dev.supermachine.pool.KeptMachine;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs a command in a machine that was kept, or in a fresh one. */
@Command(
        name = "exec",
        description =
                "Run a command in a machine that was kept, or in a fresh one of an image or a snapshot, which ends with it."
                        + " Ends with the command's status, or with 125 if it could not be run.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ExecCommand extends ImageCommand {

    @Parameters(
            index = "0",
            paramLabel = "MACHINE|REF|SNAPSHOT-DIR",
            description = "The name or process id of a machine that was kept, an image, or a snapshot's directory.")
    private String target = "";

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "COMMAND",
            description = "The command and its arguments, behind --.")
    private List<String> command = List.of();

    @Option(
            names = {"-t", "--tty"},
            description = "Give it a terminal, of the size of this one.")
    private boolean tty;

    @Option(
            names = "--cwd",
            paramLabel = "DIRECTORY",
            description = "Where it starts in the machine; the image's unless given.")
    private Optional<String> directory = Optional.empty();

    @Option(
            names = "--user",
            paramLabel = "USER",
            description = "Who runs it in the machine; the image's unless given.")
    private Optional<String> user = Optional.empty();

    ExecCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    int statusOfFailure() {
        return ExitStatus.NOT_RUN;
    }

    @Override
    public Integer call() {
        Optional<KeptMachine> kept = KeptMachines.find(target);
        if (kept.isPresent()) {
            RawTerminal.Size size = RawTerminal.size(terminal());
            KeptExec request = new KeptExec(
                    command,
                    Map.of(),
                    directory.orElse(""),
                    user.orElse(""),
                    tty ? size.rows() : 0,
                    tty ? size.columns() : 0);
            try (ExecProcess process = kept.get().exec(request)) {
                return run(kept.get().name(), process);
            }
        }
        Image image = image(target, settings(Optional.empty()));
        try (Vm vm = image.start(VmConfig.defaults());
                ExecProcess process = spawn(vm)) {
            return run(vm.name(), process);
        }
    }

    private ExecProcess spawn(Vm vm) {
        Exec exec = vm.command(command.toArray(String[]::new));
        directory.ifPresent(exec::cwd);
        user.ifPresent(exec::user);
        if (tty) {
            RawTerminal.Size size = RawTerminal.size(terminal());
            exec.tty(size.rows(), size.columns());
        }
        return exec.spawn();
    }

    private int run(String machine, ExecProcess process) {
        if (json()) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            ExecResult result = stream(process, out, err);
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("machine", machine);
            json.put("exitStatus", result.exitStatus());
            json.put("millis", result.duration().toMillis());
            json.put("stdout", out.toString(StandardCharsets.UTF_8));
            json.put("stderr", err.toString(StandardCharsets.UTF_8));
            print(json);
            return result.exitStatus();
        }
        return stream(process, terminal().out(), terminal().err()).exitStatus();
    }

    private ExecResult stream(ExecProcess process, OutputStream out, OutputStream err) {
        if (!tty) {
            return Streaming.run(process, terminal().in(), out, err);
        }
        try (RawTerminal raw = RawTerminal.open(terminal())) {
            assert raw != null;
            return Streaming.run(process, terminal().in(), out, err);
        }
    }
}
