package dev.supermachine.cli;

import dev.supermachine.MachineException;
import dev.supermachine.bake.SelfTest;
import dev.supermachine.pool.KeptMachine;
import dev.supermachine.settings.Settings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Says what the library would do here, tries it, and looks after machines that were kept. */
@Command(
        name = "doctor",
        description =
                "Say what supermachine would do on this machine and what stands in its way, try it, or look after kept machines."
                        + " Ends with 1 if no engine is usable, or the self test failed.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DoctorCommand extends AbstractCommand {

    @ArgGroup(exclusive = true, multiplicity = "0..1")
    private Task task = new Task();

    /** What to do in place of an examination. */
    private static final class Task {

        @Option(
                names = "--selftest",
                description =
                        "Boot, capture, restore and reset a guest on the engine taken here, and say how long it took.")
        private boolean selftest;

        @Option(names = "--kept", description = "Only the machines that were kept after a failure or by run --detach.")
        private boolean kept;

        @Option(names = "--end", paramLabel = "NAME|PID", description = "End one of these.")
        private Optional<String> end = Optional.empty();

        @Option(names = "--end-all", description = "End all of these, and nothing else.")
        private boolean endAll;
    }

    DoctorCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    public Integer call() {
        if (task.kept) {
            return report(List.of(Doctor.kept()), true);
        }
        if (task.selftest) {
            return selfTest();
        }
        if (task.end.isPresent() || task.endAll) {
            return end();
        }
        Doctor doctor = Doctor.of(settings(Optional.empty()), terminal());
        List<Section> sections = doctor.examine();
        return report(sections, doctor.usable());
    }

    private int selfTest() {
        Settings settings = settings(Optional.empty());
        Section section = new Section("Self test");
        boolean passed = SelfTest.run(settings, line -> add(section, line));
        return report(List.of(section), passed);
    }

    /** The first word says of what kind a line is. */
    private static void add(Section section, String line) {
        int blank = line.indexOf(' ');
        String text = line.substring(blank + 1);
        switch (line.substring(0, Math.max(0, blank))) {
            case "ok" -> section.ok(text);
            case "note" -> section.note(text);
            case "bad" -> section.bad(text);
            default -> section.more(text);
        }
    }

    private int end() {
        List<KeptMachine> wanted = task.end
                .map(name -> List.of(KeptMachines.find(name)
                        .orElseThrow(() -> new MachineException("No machine that was kept has the name or process id '"
                                + name + "'. 'supermachine doctor --kept' lists those there are."))))
                .orElseGet(KeptMachine::all);
        Section section = new Section("Ended");
        boolean all = true;
        for (KeptMachine machine : wanted) {
            boolean ended = machine.end();
            all &= ended;
            if (ended) {
                section.ok("ended " + machine.name() + " (process " + machine.pid() + ")");
            } else if (machine.livesInJvm()) {
                section.note(machine.name() + " lives in the JVM " + machine.pid()
                        + " and ends with it; that one is not ended from here");
            } else {
                section.bad(machine.name() + " does not end (process " + machine.pid() + ")");
            }
        }
        if (wanted.isEmpty()) {
            section.ok("no machine was kept");
        }
        return report(List.of(section), all);
    }

    private int report(List<Section> sections, boolean good) {
        if (json()) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("good", good);
            json.put("sections", sections.stream().map(Section::json).toList());
            print(json);
        } else {
            sections.stream()
                    .flatMap(section -> section.lines().stream())
                    .skip(1)
                    .forEach(out()::println);
        }
        return good ? ExitStatus.OK : ExitStatus.FAILED;
    }
}
