package dev.supermachine.cli;

import dev.supermachine.engine.Availability;
import dev.supermachine.engine.EngineSelector;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.pool.KeptMachine;
import dev.supermachine.pool.MemoryRoom;
import dev.supermachine.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What the library would do on this machine, and what stands in its way. Looks only; what probes find out is remembered in the cache. */
final class Doctor {

    /** A machine of 512 MiB takes about that much with what belongs to it. */
    private static final int MACHINE_MIB = 560;

    private static final String PRIVATE = "rwx------";

    private final Settings settings;
    private final List<Hypervisor> engines;
    private final Function<String, @Nullable String> properties;
    private boolean usable = true;

    Doctor(Settings settings, List<Hypervisor> engines, Function<String, @Nullable String> properties) {
        this.settings = settings;
        this.engines = engines;
        this.properties = properties;
    }

    static Doctor of(Settings settings, Terminal terminal) {
        return new Doctor(settings, EngineSelector.engines(), terminal.properties());
    }

    /** Everything. */
    List<Section> examine() {
        List<Section> sections =
                new ArrayList<>(List.of(machine(), engine(), kernel(), java(), memory(), directories(), kept()));
        Checkout.of(properties).ifPresent(checkout -> sections.add(checkout.section()));
        return sections;
    }

    /** Whether an engine is usable here, and nothing else is in the way; known after {@link #examine()}. */
    boolean usable() {
        return usable;
    }

    private Section machine() {
        Section section = new Section("Machine");
        String system = property("os.name");
        String architecture = property("os.arch");
        if (system.equals("Linux") && architecture.equals("amd64")) {
            return section.ok("Linux " + property("os.version") + " on x86-64, "
                    + Runtime.getRuntime().availableProcessors() + " processors");
        }
        usable = false;
        return section.bad(system + " on " + architecture + ": supermachine runs on Linux on x86-64 only")
                .next("use a machine, or a virtual machine, of that kind");
    }

    private Section engine() {
        Section section = new Section("Engine");
        Optional<String> forced = settings.engine();
        forced.ifPresent(id -> section.note("the setting supermachine.engine forces " + id));
        Optional<Hypervisor> taken = Optional.empty();
        for (Hypervisor engine : engines) {
            Availability availability = engine.probe();
            if (!availability.usable()) {
                section.note(engine.id() + " cannot be used: " + availability.reason());
            } else if (taken.isEmpty() && forced.map(engine.id()::equals).orElse(true)) {
                taken = Optional.of(engine);
                section.ok("taken: " + engine.id() + ", " + availability.reason());
                section.next("bin/supermachine doctor --selftest tries it");
            } else {
                section.ok(engine.id() + " could be used: " + availability.reason());
            }
        }
        if (taken.isEmpty()) {
            usable = false;
            section.bad(forced.map(id -> id + " is forced, but cannot be used").orElse("no engine can be used"));
            section.next(
                    forced.isPresent()
                            ? "unset supermachine.engine to take the best engine there is of "
                                    + engines.stream().map(Hypervisor::id).toList()
                            : "as root: apt-get install --no-install-recommends qemu-system-x86, or hand /dev/kvm to this user");
        }
        return section;
    }

    private Section kernel() {
        Section section = new Section("Guest kernel");
        Optional<Path> own = settings.kernelPath();
        if (own.isPresent() && !Files.isReadable(own.get())) {
            usable = false;
            return section.bad("supermachine.kernel.path names " + own.get() + ", which cannot be read")
                    .next("correct or unset it");
        }
        section.ok(own.map(path -> "your own: " + path).orElse("the packed one"));
        Path unpacked = settings.cacheDirectory().resolve("kernel");
        if (Files.isDirectory(unpacked)) {
            section.ok("unpacked copies in " + unpacked);
        }
        return section;
    }

    private Section java() {
        return new Section("Java").ok(property("java.version") + " runs this: " + property("java.home"));
    }

    private Section memory() {
        Section section = new Section("Memory");
        try {
            MemoryRoom room = MemoryRoom.now(settings);
            section.ok("for machines: " + room.mib() + " MiB (" + room.origin() + ")");
            if (room.mib() >= 1024) {
                section.ok("room for about " + room.mib() / MACHINE_MIB
                        + " machines of 512 MiB (a restored one fills only what it touches)");
            } else {
                section.bad("less than 1 GiB for machines")
                        .next("free memory, raise the limit, or ask for smaller machines (memoryMib)");
            }
        } catch (IOException e) {
            section.bad("memory cannot be measured: " + e.getMessage());
        }
        return section;
    }

    private Section directories() {
        Section section = new Section("Directories");
        directory(section, "cache", settings.cacheDirectory(), "supermachine.cache.dir");
        directory(section, "snapshots", settings.snapshotsDirectory(), AbstractCommand.SNAPSHOTS_DIR);
        return section;
    }

    private void directory(Section section, String what, Path path, String setting) {
        Path parent = path;
        while (!Files.exists(parent) && parent.getParent() != null) {
            parent = parent.getParent();
        }
        try {
            String free = Words.bytes(Files.getFileStore(parent).getUsableSpace()) + " free";
            if (!Files.isDirectory(parent) || !Files.isWritable(parent)) {
                usable = false;
                section.bad(what + ": " + path + " cannot be written by " + property("user.name"));
                section.next("correct the rights of " + parent + ", or choose another directory with " + setting);
            } else if (!Files.isDirectory(path)) {
                section.ok(what + ": " + path + " (not there yet, " + free + ")");
            } else {
                section.ok(what + ": " + path + " (" + free + ")");
                String mode = PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
                if (!mode.equals(PRIVATE)) {
                    section.note(path + " has the mode " + mode + ", so others may look into it");
                    section.next("chmod 700 " + path);
                }
            }
        } catch (IOException e) {
            usable = false;
            section.bad(what + ": " + path + " cannot be looked at: " + e.getMessage());
        }
    }

    /** The machines that were kept. */
    static Section kept() {
        Section section = new Section("Machines kept after a failure");
        List<KeptMachine> machines = KeptMachine.all();
        if (machines.isEmpty()) {
            section.ok("none");
        }
        Instant now = Instant.now();
        for (KeptMachine machine : machines) {
            section.note(machine.name() + " of the image " + machine.image() + ": " + machine.memoryMib()
                    + " MiB, for "
                    + Words.millis(Duration.between(machine.since(), now).toMillis()) + ", process "
                    + machine.pid() + ", until "
                    + machine.jvm().map(jvm -> "the JVM " + jvm + " ends").orElse("it is ended"));
            section.more("directory " + machine.directory() + "; its console is the file console in it");
            machine.ports().forEach((guest, host) -> section.more("port " + guest + " of the guest is " + host));
            section.next(
                    machine.livesInJvm()
                            ? "it lives in that JVM and ends with it"
                            : "bin/supermachine doctor --end " + machine.name());
        }
        return section;
    }

    private String property(String name) {
        String value = properties.apply(name);
        return value == null ? "?" : value;
    }
}
