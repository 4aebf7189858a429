package dev.supermachine.engine.kvm;

import dev.supermachine.EngineException;
import dev.supermachine.engine.Availability;
import dev.supermachine.engine.Capability;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.KvmDevice;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.MachineSpec;
import dev.supermachine.engine.Prepared;
import dev.supermachine.engine.ProbeCache;
import dev.supermachine.engine.SnapshotSource;
import dev.supermachine.kvm.KvmException;
import dev.supermachine.linux.LinuxException;
import dev.supermachine.vmm.KvmHost;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Machines in this JVM's own process, on {@code /dev/kvm}: restored by a mapping, reset in place. */
public final class KvmHypervisor implements Hypervisor {

    /** Null until probed. */
    private @Nullable Availability availability;

    /** Called by the service loader. */
    public KvmHypervisor() {}

    @Override
    public String id() {
        return "kvm";
    }

    @Override
    public int preference() {
        return 30;
    }

    @Override
    public synchronized Availability probe() {
        if (availability == null) {
            KvmDevice device = KvmDevice.SYSTEM;
            // looked at each time: it costs nothing, and users act on it
            Optional<String> obstacle = device.obstacle();
            availability = obstacle.isPresent()
                    ? Availability.unusable(obstacle.get())
                    : ProbeCache.system().get(id(), device.circumstances(), () -> KvmProbe.run(device));
        }
        return availability;
    }

    @Override
    public Set<Capability> capabilities() {
        return Set.of(Capability.RESET_IN_PLACE);
    }

    @Override
    public String identity() {
        requireUsable();
        try {
            return id() + "; " + KvmHost.instance().identity();
        } catch (LinuxException | KvmException e) {
            throw new EngineException("Engine " + id() + " cannot be used any more: " + e.getMessage(), e);
        }
    }

    @Override
    public Machine boot(MachineSpec spec) {
        requireUsable();
        return KvmMachine.boot(spec);
    }

    @Override
    public Prepared prepare(SnapshotSource snapshot) {
        requireUsable();
        return KvmMachine.restore(snapshot);
    }

    private void requireUsable() {
        Availability found = probe();
        if (!found.usable()) {
            throw new EngineException("Engine " + id() + " cannot be used here: " + found.reason());
        }
    }
}
