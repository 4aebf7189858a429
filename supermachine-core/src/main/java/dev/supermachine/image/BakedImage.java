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
import dev.supermachine.settings.KeepOnFailure;
import dev.supermachine.snapshot.FreeSnapshot;
import dev.supermachine.snapshot.Snapshot;
import dev.supermachine.snapshot.SnapshotDetails;
import dev.supermachine.snapshot.SnapshotUse;
import java.lang.ref.Cleaner;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.function.Function;

/**
 * A snapshot with the engine that restores it. The snapshot is held in the store as long as this image can be reached, which pools and machines of it do too:
 * users need not close an image, and no prune takes the files from under one.
 */
final class BakedImage implements Image {

    private static final Cleaner CLEANER = Cleaner.create();

    private final Snapshot snapshot;
    private final String name;
    private final String reference;
    private final Origin origin;
    private final Duration acquireTimeout;
    private final MachineSource machines;

    /** Makes an image of a snapshot that was made out of this one. Holds nothing of this image. */
    private final Function<Snapshot, Image> derived;

    /**
     * An image over a snapshot.
     *
     * @param use the snapshot, from now on closed by this image
     * @param name what its user calls it: the same inputs may have been baked under another name before
     * @param reference what its user says it was baked from
     * @param keep whether machines that are kept are to outlive this JVM
     */
    BakedImage(
            SnapshotUse use,
            String name,
            String reference,
            Hypervisor hypervisor,
            Origin origin,
            MemoryLedger ledger,
            Duration acquireTimeout,
            KeepOnFailure keep) {
        CLEANER.register(this, use::close);
        this.snapshot = use.snapshot();
        this.name = name;
        this.reference = reference;
        this.origin = origin;
        this.acquireTimeout = acquireTimeout;
        SnapshotDetails details = snapshot.manifest().details();
        this.derived = made -> new BakedImage(
                made.acquireUse(),
                name,
                reference,
                hypervisor,
                new Origin(made.directory(), false, 0, 0),
                ledger,
                acquireTimeout,
                keep);
        this.machines = new MachineSource(
                this,
                hypervisor,
                snapshot,
                !details.workloadStarted(),
                ledger,
                Clock.systemUTC(),
                keep == KeepOnFailure.DETACHED,
                derived);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String reference() {
        return reference;
    }

    @Override
    public String digest() {
        return snapshot.manifest().details().imageDigest();
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
    public Image compact(Path directory) {
        snapshot.requireUnchanged();
        return derived.apply(FreeSnapshot.compacted(directory, snapshot));
    }

    @Override
    public String toString() {
        return "Image[" + name() + " from " + reference() + " at " + origin.snapshot() + "]";
    }
}
