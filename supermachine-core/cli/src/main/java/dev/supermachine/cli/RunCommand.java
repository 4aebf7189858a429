package dev.supermachine.cli;

import dev.supermachine.EngineException;
import dev.supermachine.Image;
import dev.supermachine.KeptVm;
import dev.supermachine.MachineException;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.pool.Workload;
import java.io.IOException;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs a machine in the foreground, or leaves it running. */
@Command(
        name = "run",
        description =
                "Run a machine of an image or a snapshot and show what its workload writes, until that or this ends."
                        + " Ends with the workload's status, or with 125 if it could not be run.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class RunCommand extends ImageCommand {

    private static final String KEEP = "supermachine.vm.keep-on-failure";
    private static final long LAST_OUTPUT_SECONDS = 2;

    @Parameters(paramLabel = "REF|SNAPSHOT-DIR", description = "An image, or a snapshot's directory.")
    private String target = "";

    @Option(
            names = "--detach",
            description = "Leave it running and return; 'supermachine doctor --end' ends it. Not with the engine kvm.")
    private boolean detach;

    @Option(
            names = "--publish",
            paramLabel = "PORT",
            description = "One more port of the guest to map, beside the service's. May be given again.")
    private List<Integer> ports = List.of();

    @Option(
            names = "--run-env",
            paramLabel = "NAME=VALUE",
            description = "A variable for what starts in the machine after the restore; not baked.")
    private Map<String, String> environment = Map.of();

    /** Whether this process ends by a signal: then the end of the machine is no failure. */
    private volatile boolean ending;

    RunCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    int statusOfFailure() {
        return ExitStatus.NOT_RUN;
    }

    @Override
    public Integer call() {
        Image image = image(target, settings(detach ? Map.of(KEEP, "detached") : Map.of()));
        VmConfig config = VmConfig.defaults();
        for (Map.Entry<String, String> variable : environment.entrySet()) {
            config = config.withEnv(variable.getKey(), variable.getValue());
        }
        Vm vm = image.start(config);
        Thread end = new Thread(
                () -> {
                    ending = true;
                    vm.close();
                },
                "supermachine-end");
        Runtime.getRuntime().addShutdownHook(end);
        try (vm) {
            Map<Integer, Integer> mapped = mapped(vm);
            return detach ? leave(vm) : follow(vm, mapped);
        } finally {
            forget(end);
        }
    }

    /** A process that ends by a signal ends the machine with it. */
    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // it runs already
            return;
        }
    }

    private Map<Integer, Integer> mapped(Vm vm) {
        Set<Integer> wanted = new LinkedHashSet<>(List.of(vm.image().guestPort()));
        wanted.addAll(ports);
        Map<Integer, Integer> mapped = new LinkedHashMap<>();
        wanted.forEach(port -> mapped.put(port, vm.mappedPort(port)));
        return mapped;
    }

    private int leave(Vm vm) {
        KeptVm kept = vm.keep();
        if (!kept.outlivesJvm()) {
            throw new EngineException("The machine '" + kept.name()
                    + "' cannot be left running: machines of the engine kvm end with their process."
                    + " Bake and run it with --engine qemu-kvm or qemu-tcg.");
        }
        vm.close();
        if (KeptMachines.find(String.valueOf(kept.pid())).isEmpty()) {
            throw new MachineException("The machine '" + kept.name()
                    + "' could not be left to a process of its own, and was ended. The warning above says why.");
        }
        if (json()) {
            Map<String, Object> json = running(kept.name(), vm.host(), kept.ports());
            json.put("pid", kept.pid());
            json.put("directory", kept.directory().toString());
            print(json);
        } else {
            out().println(kept);
        }
        return ExitStatus.OK;
    }

    private int follow(Vm vm, Map<Integer, Integer> mapped) {
        if (json()) {
            print(running(vm.name(), vm.host(), mapped));
        } else {
            err().println("running " + vm.name());
            mapped.forEach(
                    (guest, host) -> err().println("  port " + guest + " of the guest is " + vm.host() + ":" + host));
        }
        Workload workload = Workload.of(vm);
        OutputStream out = json() ? terminal().err() : terminal().out();
        Thread log = Streaming.start(() -> copy(workload, out), "log");
        try {
            int status = workload.exitStatus().join();
            log.join(TimeUnit.SECONDS.toMillis(LAST_OUTPUT_SECONDS));
            err().println("the workload ended with status " + status);
            return status;
        } catch (CompletionException e) {
            if (ending) {
                return ExitStatus.OK;
            }
            throw e.getCause() instanceof MachineException known ? known : e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return ExitStatus.FAILED;
        }
    }

    private void copy(Workload workload, OutputStream out) {
        try {
            workload.follow(out, terminal().err());
        } catch (IOException | MachineException | IllegalStateException e) {
            // who reads the output has gone, or the machine, whose end is told by who waits for it
            return;
        }
    }

    private static Map<String, Object> running(String name, String host, Map<Integer, Integer> ports) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("machine", name);
        json.put("host", host);
        Map<String, Object> mapped = new LinkedHashMap<>();
        ports.forEach((guest, port) -> mapped.put(String.valueOf(guest), port));
        json.put("ports", mapped);
        return json;
    }
}
