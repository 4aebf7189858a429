package dev.supermachine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.engine.Availability;
import dev.supermachine.engine.Capability;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.MachineSpec;
import dev.supermachine.engine.Prepared;
import dev.supermachine.engine.SnapshotSource;
import dev.supermachine.settings.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorTest {

    private static final Engine GOOD = new Engine("good", Availability.usable("it works"));
    private static final Engine BETTER = new Engine("better", Availability.unusable("no device. Get one"));

    @TempDir
    private Path home;

    private final Map<String, String> properties = new HashMap<>(Map.of(
            "os.name", "Linux",
            "os.arch", "amd64",
            "os.version", "6.1",
            "java.version", "17.0.1",
            "java.home", "/jdk",
            "user.name", "me"));

    @BeforeEach
    void directories() {
        properties.put("supermachine.snapshots.dir", home.resolve("snapshots").toString());
        properties.put("supermachine.cache.dir", home.resolve("cache").toString());
        properties.put("supermachine.memory.budget.mib", "2000");
    }

    private String report(boolean usable, Hypervisor... engines) {
        Doctor doctor = new Doctor(
                Settings.of(key -> null, properties::get, variable -> null), List.of(engines), properties::get);
        String report = doctor.examine().stream()
                .flatMap(section -> section.lines().stream())
                .collect(Collectors.joining("\n"));
        assertThat(doctor.usable()).as(report).isEqualTo(usable);
        return report;
    }

    @Test
    void theBestUsableEngineIsTakenAndTheOthersSayWhyNot() {
        assertThat(report(true, BETTER, GOOD, new Engine("last", Availability.usable("slow"))))
                .contains("""
                        Machine
                          ok    Linux 6.1 on x86-64,\
                        """)
                .contains("""
                        Engine
                          note  better cannot be used: no device. Get one
                          ok    taken: good, it works
                                -> bin/supermachine doctor --selftest tries it
                          ok    last could be used: slow

                        Guest kernel
                          ok    the packed one
                        """)
                .contains("  ok    room for about 3 machines of 512 MiB (a restored one fills only what it touches)")
                .contains("  ok    snapshots: " + home.resolve("snapshots") + " (not there yet, ");
    }

    @Test
    void noEngineOrAForcedOneThatIsNotThereIsBad() {
        assertThat(report(false, BETTER)).contains("  BAD   no engine can be used\n");
        properties.put("supermachine.engine", "other");
        assertThat(report(false, GOOD))
                .contains("  note  the setting supermachine.engine forces other\n")
                .contains("  BAD   other is forced, but cannot be used\n"
                        + "        -> unset supermachine.engine to take the best engine there is of [good]");
    }

    @Test
    void whatStandsInTheWayIsBad() throws Exception {
        properties.put("os.arch", "aarch64");
        properties.put("supermachine.kernel.path", home.resolve("none").toString());
        properties.put("supermachine.memory.budget.mib", "100");
        Path cache = Files.createDirectory(
                home.resolve("cache"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        assertThat(report(false, GOOD))
                .contains("  BAD   Linux on aarch64: supermachine runs on Linux on x86-64 only")
                .contains("  BAD   supermachine.kernel.path names " + home.resolve("none") + ", which cannot be read")
                .contains("  BAD   less than 1 GiB for machines")
                .contains("  note  " + cache
                        + " has the mode rwxr-xr-x, so others may look into it\n        -> chmod 700 " + cache);
    }

    @Test
    void theSourceTreeIsToldOfOnlyWhereItIs() {
        assertThat(report(true, GOOD)).doesNotContain("bin/demo");
        properties.put("supermachine.checkout.missing", "gcc make");
        properties.put("supermachine.checkout.jdk17", "/jdk17");
        assertThat(report(true, GOOD)).endsWith("""
                        To build and to run bin/demo
                          note  missing: gcc make
                                -> bin/demo and bin/test install them on Debian, or as root: apt-get install --no-install-recommends gcc make
                          ok    JDK 17, builds and tests: /jdk17
                          note  JDK 25: none in JAVA_25_HOME or /usr/lib/jvm; only bin/test makes use of it""");
    }

    @Test
    void aMachineThatIsNotThereCannotBeEnded() {
        CommandRun run = CommandRun.in(home, "doctor", "--end", "no-such-machine");
        assertThat(run)
                .isEqualTo(new CommandRun(
                        1,
                        "",
                        "supermachine: No machine that was kept has the name or process id 'no-such-machine'."
                                + " 'supermachine doctor --kept' lists those there are.\n"));
        assertThat(CommandRun.in(home, "doctor", "--kept", "--selftest").status())
                .as("two tasks at once")
                .isEqualTo(2);
    }

    /** An engine that is asked for nothing but whether it could. */
    private record Engine(String id, Availability probe) implements Hypervisor {

        @Override
        public int preference() {
            return 1;
        }

        @Override
        public Set<Capability> capabilities() {
            return Set.of();
        }

        @Override
        public String identity() {
            return id;
        }

        @Override
        public Machine boot(MachineSpec spec) {
            throw new AssertionError("The doctor boots nothing");
        }

        @Override
        public Prepared prepare(SnapshotSource snapshot) {
            throw new AssertionError("The doctor restores nothing");
        }
    }
}
