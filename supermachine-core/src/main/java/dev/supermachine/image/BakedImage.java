package dev.supermachine.image;

import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.pool.MachineSource;
import dev.supermachine.pool.MemoryLedger;
import dev.supermachine.pool.PoolBuilder;
import dev.supermachine.pool.SingleMachine;
import dev.supermachine.snapshot.Snapshot;
import dev.supermachine.snapshot.SnapshotDetails;
import java.time.Clock;
import java.time.Duration;

/** A snapshot with the engine that restores it. */
final class BakedImage implements Image {

    private final Snapshot snapshot;
    private final Origin origin;
    private final Duration acquireTimeout;
    private final MachineSource machines;

    BakedImage(Snapshot snapshot, Hypervisor hypervisor, Origin origin, MemoryLedger ledger, Duration acquireTimeout) {
        this.snapshot = snapshot;
        this.origin = origin;
        this.acquireTimeout = acquireTimeout;
        SnapshotDetails details = snapshot.manifest().details();
        this.machines =
                new MachineSource(this, hypervisor, snapshot, !details.listenerRequired(), ledger, Clock.systemUTC());
    }

    @Override
    public String name() {
        return snapshot.manifest().name();
    }

    @Override
    public String reference() {
        return snapshot.manifest().details().imageReference();
    }

    @Override
    public int memoryMib() {
        return snapshot.manifest().details().memoryMib();
    }

    @Override
    public int vcpus() {
        return snapshot.manifest().details().vcpus();
    }

    @Override
    public int guestPort() {
        return snapshot.manifest().details().guestPorts().get(0);
    }

    @Override
    public Origin origin() {
        return origin;
    }

    @Override
    public VmPool.Builder pool() {
        return new PoolBuilder(machines, acquireTimeout);
    }

    @Override
    public Vm start(VmConfig config) {
        return SingleMachine.start(machines, config, acquireTimeout);
    }

    @Override
    public String toString() {
        return "Image[" + name() + " from " + reference() + " at " + origin.snapshot() + "]";
    }
}
