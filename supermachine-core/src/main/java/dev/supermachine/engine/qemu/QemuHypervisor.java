package dev.supermachine.engine.qemu;

import dev.supermachine.EngineException;
import dev.supermachine.engine.Availability;
import dev.supermachine.engine.Capability;
import dev.supermachine.engine.HostCpu;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.KvmDevice;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.MachineSpec;
import dev.supermachine.engine.Prepared;
import dev.supermachine.engine.ProbeCache;
import dev.supermachine.engine.SnapshotSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Machines as QEMU processes. The two engines differ in the accelerator alone. */
abstract class QemuHypervisor implements Hypervisor {

    private final Accelerator accelerator;

    /** Both null until probed. */
    private @Nullable Availability availability;

    private @Nullable QemuBinary binary;

    QemuHypervisor(Accelerator accelerator) {
        this.accelerator = accelerator;
    }

    @Override
    public final synchronized Availability probe() {
        if (availability == null) {
            try {
                binary = QemuBinary.find();
                availability = probe(binary);
            } catch (QemuBinary.NotFound | EngineException e) {
                availability = Availability.unusable(String.valueOf(e.getMessage()));
            }
        }
        return availability;
    }

    private Availability probe(QemuBinary qemu) {
        List<String> circumstances = new ArrayList<>();
        if (accelerator == Accelerator.KVM) {
            // looked at each time: it costs nothing, and users act on it
            Optional<String> obstacle = KvmDevice.SYSTEM.obstacle();
            if (obstacle.isPresent()) {
                return Availability.unusable(obstacle.get());
            }
            circumstances.addAll(KvmDevice.SYSTEM.circumstances());
        }
        try {
            circumstances.add(qemu.path() + ProbeCache.stamp(qemu.path()));
        } catch (IOException e) {
            return QemuProbe.run(qemu, accelerator).availability();
        }
        // asked of the program each time, which may be a script that starts another one
        circumstances.add("QEMU " + qemu.version());
        return ProbeCache.system().get(id(), circumstances, () -> QemuProbe.run(qemu, accelerator));
    }

    @Override
    public final Set<Capability> capabilities() {
        return Set.of();
    }

    @Override
    public final String identity() {
        HostCpu host = HostCpu.instance();
        String identity = id() + "; QEMU " + usable().version() + "; machine " + QemuCommand.MACHINE + "; cpu "
                + accelerator.cpu() + "; tsc " + host.tscBucket();
        return accelerator == Accelerator.KVM ? identity + "; on " + host.model() : identity;
    }

    @Override
    public final Machine boot(MachineSpec spec) {
        QemuBinary qemu = usable();
        makeMemoryFile(spec);
        QemuProcess process = QemuProcess.start(
                spec.name(),
                sockets -> new QemuCommand(qemu, accelerator, sockets)
                        .boot(spec, HostCpu.instance().tscKhz()));
        return new QemuMachine(process, spec);
    }

    @Override
    public final Prepared prepare(SnapshotSource snapshot) {
        QemuBinary qemu = usable();
        String what = "Cannot restore machine '" + snapshot.name() + "' from " + snapshot.directory();
        check(snapshot, what);
        QemuProcess process = start(qemu, snapshot, what);
        try {
            StateTransfer.load(process, snapshot.directory().resolve(QemuCommand.STATE_FILE));
        } catch (IOException e) {
            EngineException failure = process.failure(what, e);
            process.end("its state was not loaded");
            throw failure;
        }
        return new QemuPrepared(process);
    }

    private QemuProcess start(QemuBinary qemu, SnapshotSource snapshot, String what) {
        try (QemuDisks volumes = QemuDisks.over(snapshot.volumes())) {
            return QemuProcess.start(
                    snapshot.name(),
                    snapshot.detachable(),
                    sockets -> new QemuCommand(qemu, accelerator, sockets).restore(snapshot, volumes));
        } catch (IOException e) {
            throw new EngineException(
                    what + ": the files for what it writes to its volumes cannot be made: " + e.getMessage()
                            + ". They are made in the directory that the property java.io.tmpdir names.",
                    e);
        }
    }

    private QemuBinary usable() {
        Availability found = probe();
        synchronized (this) {
            if (!found.usable() || binary == null) {
                throw new EngineException("Engine " + id() + " cannot be used here: " + found.reason());
            }
            return binary;
        }
    }

    /** Made here and not by QEMU, to be readable by its owner only. All of it is a hole, which takes no space. */
    private static void makeMemoryFile(MachineSpec spec) {
        Path file = spec.directory().resolve(QemuCommand.RAM_FILE);
        try (FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            channel.write(ByteBuffer.allocate(1), QemuCommand.bytes(spec.memoryMib()) - 1);
        } catch (IOException e) {
            throw new EngineException(
                    "Cannot boot machine '" + spec.name() + "': its memory file " + file + " cannot be made: "
                            + e.getMessage() + ". The directory must exist, be empty and writable.",
                    e);
        }
    }

    private static void check(SnapshotSource snapshot, String what) {
        Path ram = snapshot.directory().resolve(QemuCommand.RAM_FILE);
        long expected = QemuCommand.bytes(snapshot.memoryMib());
        try {
            long size = Files.size(ram);
            if (size != expected) {
                throw new EngineException(what + ": the memory file " + ram + " has " + size + " bytes, but "
                        + snapshot.memoryMib() + " MiB are " + expected + ". The snapshot is damaged or of another"
                        + " machine; bake it again.");
            }
        } catch (IOException e) {
            throw new EngineException(
                    what + ": the memory file " + ram + " cannot be read: " + e.getMessage()
                            + ". The snapshot is damaged; bake it again.",
                    e);
        }
    }
}
