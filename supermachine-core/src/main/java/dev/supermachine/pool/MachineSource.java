package dev.supermachine.pool;

import dev.supermachine.EngineException;
import dev.supermachine.Image;
import dev.supermachine.MachineException;
import dev.supermachine.SupermachineException;
import dev.supermachine.VmConfig;
import dev.supermachine.engine.Activation;
import dev.supermachine.engine.Capability;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.Prepared;
import dev.supermachine.engine.SnapshotSource;
import dev.supermachine.engine.Witness;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.snapshot.Snapshot;
import dev.supermachine.snapshot.SnapshotUse;
import java.time.Clock;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Restores machines of one image: books their memory, prepares them, brings them to life, and back to their snapshot. Holds none of them. Thread-safe.
 *
 * @since 0.1
 */
public final class MachineSource {

    private static final Logger LOG = LoggerFactory.getLogger(MachineSource.class);

    /** Of the whole process, so that no two machines in it have the same name. */
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final Image image;
    private final Hypervisor hypervisor;
    private final Snapshot snapshot;
    private final MemoryLedger ledger;
    private final Awakening awakening;
    private final boolean detachable;
    private final boolean resetsInPlace;
    private final AtomicBoolean warned = new AtomicBoolean();

    /**
     * A source of machines that end with this JVM.
     *
     * @param image as below
     * @param hypervisor as below
     * @param snapshot as below
     * @param startsWorkload as below
     * @param ledger as below
     * @param clock as below
     */
    public MachineSource(
            Image image,
            Hypervisor hypervisor,
            Snapshot snapshot,
            boolean startsWorkload,
            MemoryLedger ledger,
            Clock clock) {
        this(image, hypervisor, snapshot, startsWorkload, ledger, clock, false);
    }

    /**
     * A source of machines.
     *
     * @param image whose machines these are
     * @param hypervisor the engine that baked the snapshot
     * @param snapshot what to restore; held in the store as long as a machine of it is there
     * @param startsWorkload whether the snapshot was taken before the workload was executed
     * @param ledger where memory is booked
     * @param clock the wall clock that guests are set to
     * @param detachable whether machines that are kept are to outlive this JVM
     */
    public MachineSource(
            Image image,
            Hypervisor hypervisor,
            Snapshot snapshot,
            boolean startsWorkload,
            MemoryLedger ledger,
            Clock clock,
            boolean detachable) {
        this.image = image;
        this.hypervisor = hypervisor;
        this.snapshot = snapshot;
        this.ledger = ledger;
        this.awakening = new Awakening(clock, startsWorkload);
        this.detachable = detachable;
        this.resetsInPlace = hypervisor.capabilities().contains(Capability.RESET_IN_PLACE);
    }

    Image image() {
        return image;
    }

    /** Where the machines' memory is booked. */
    MemoryLedger ledger() {
        return ledger;
    }

    /**
     * Does all that can be done before anyone wants the machine.
     *
     * @param timeout how long to wait for memory
     * @return a machine that waits
     * @throws dev.supermachine.AcquireException if there is no memory for it in time
     * @throws dev.supermachine.SnapshotException if the snapshot is gone, or was damaged since it was opened
     * @throws EngineException if it cannot be restored
     */
    Spare prepare(Duration timeout) {
        String name = nextName();
        return prepare(name, MachineMemory.book(ledger, name, image.memoryMib(), timeout));
    }

    private String nextName() {
        return image.name() + "-" + COUNT.incrementAndGet();
    }

    private Spare prepare(String name, Booking booking) {
        Holdings holdings = new Holdings(booking, null);
        try {
            holdings = new Holdings(booking, snapshot.acquireUse());
            snapshot.requireUnchanged();
            SnapshotSource source = snapshot.source(name);
            return new Spare(name, hypervisor.prepare(detachable ? source.asDetachable() : source), holdings, null);
        } catch (RuntimeException | Error e) {
            holdings.close();
            throw e;
        }
    }

    /**
     * Lets a prepared machine do once what its activation needs, so that it is quicker then. Nothing of it is left in what a test sees. Does nothing where
     * machines are reset in place: those do it in earnest again and again.
     *
     * @param spare what was prepared; not to be used any more
     * @return the machine, which waits as before
     * @throws EngineException if it does not run
     * @throws MachineException if its agent does not answer
     */
    Spare rehearse(Spare spare) {
        if (resetsInPlace) {
            return spare;
        }
        try {
            Activation activation = awakening.activation(spare.name(), VmConfig.defaults());
            GuestClient guest = spare.prepared().rehearse(machine -> {
                GuestClient client = guest(spare, machine);
                client.rehearse(activation, Awakening.STEP_TIMEOUT);
                return client;
            });
            return new Spare(spare.name(), spare.prepared(), spare.holdings(), guest);
        } catch (RuntimeException | Error e) {
            // with it goes the channel, and with that the client
            spare.close();
            throw e;
        }
    }

    /**
     * Prepares a machine and brings it to life.
     *
     * @param timeout how long to wait for memory
     * @param config what distinguishes the machine
     * @return the machine, its workload running
     * @throws dev.supermachine.AcquireException if there is no memory for it in time, and as {@link #activate(Spare, VmConfig)}
     * @throws dev.supermachine.SnapshotException as {@link #prepare(Duration)}
     * @throws EngineException if it cannot be restored
     * @throws MachineException if its agent does not answer
     */
    LiveMachine restore(Duration timeout, VmConfig config) {
        String name = nextName();
        Booking booking = MachineMemory.book(ledger, name, image.memoryMib(), timeout);
        return new RestoreWatch(name, config.restoreTimeout())
                .run(watch -> activate(prepare(name, booking), config, watch));
    }

    /**
     * Brings a prepared machine to life. Whatever happens, the spare is used up.
     *
     * @param spare what was prepared
     * @param config what distinguishes the machine
     * @return the machine, its workload running
     * @throws dev.supermachine.AcquireException if the limit that the configuration sets is over, or the guest does not take one of its files
     * @throws EngineException if it does not run
     * @throws MachineException if its agent does not answer
     */
    LiveMachine activate(Spare spare, VmConfig config) {
        return new RestoreWatch(spare.name(), config.restoreTimeout()).run(watch -> activate(spare, config, watch));
    }

    private LiveMachine activate(Spare spare, VmConfig config, RestoreWatch watch) {
        Activation activation;
        Machine machine;
        try {
            watch.next("bring it to life");
            activation = awakening.activation(spare.name(), config);
            machine = spare.prepared().activate(activation);
        } catch (RuntimeException | Error e) {
            spare.close();
            throw e;
        }
        LiveMachine live = connect(spare, machine);
        watch.running(live);
        try {
            awakening.wake(live, activation, config, watch);
            return live;
        } catch (RuntimeException | Error e) {
            live.close();
            throw e;
        }
    }

    /**
     * Brings a running machine back to its snapshot, and to life again.
     *
     * @param machine what runs; not to be used any more
     * @param config what distinguishes the machine from now on
     * @return the machine, or null if it was ended instead, as by {@link #rewind(LiveMachine)} or because it did not come to life
     * @throws MachineException if the calling thread is interrupted, which it stays
     */
    @Nullable
    LiveMachine reset(LiveMachine machine, VmConfig config) {
        @Nullable Spare spare = rewind(machine);
        if (spare == null) {
            return null;
        }
        try {
            return activate(spare, config);
        } catch (EngineException | MachineException e) {
            if (Thread.currentThread().isInterrupted()) {
                throw e;
            }
            tellOfFailure(machine, e);
            return null;
        }
    }

    /**
     * Brings a running machine back to its snapshot, with all that it holds. Its client ends.
     *
     * @param machine what runs; not to be used any more
     * @return the machine, which waits; or null if it was ended instead, because the engine cannot do it, because something of the machine has failed before,
     *     or because it failed now, which the log tells
     */
    @Nullable
    Spare rewind(LiveMachine machine) {
        @Nullable Spare spare = null;
        try {
            machine.guest().close();
            if (resetsInPlace
                    && !machine.guest().hasFailed()
                    && machine.machine().isAlive()) {
                spare = new Spare(machine.name(), machine.machine().rewind(), machine.holdings(), null);
            }
        } catch (EngineException e) {
            tellOfFailure(machine, e);
        } finally {
            if (spare == null) {
                machine.close();
            }
        }
        return spare;
    }

    private void tellOfFailure(LiveMachine machine, SupermachineException e) {
        if (!JvmExit.hasBegun() && warned.compareAndSet(false, true)) {
            LOG.warn(
                    "The machine '{}' could not be reset in place. It was ended, and another one is restored, which costs"
                            + " time and nothing else. When it happens again it is only logged at DEBUG. The reason: {}",
                    machine.name(),
                    e.getMessage());
        } else {
            LOG.debug("The machine '{}' could not be reset in place and was ended: {}", machine.name(), e.getMessage());
        }
    }

    private static GuestClient guest(Spare spare, Machine machine) {
        return GuestClient.restored(machine.agent(), spare.name(), Witness.of(machine));
    }

    /** A client starts a thread, for which there may be no room. */
    private static LiveMachine connect(Spare spare, Machine machine) {
        try {
            GuestClient guest = spare.guest() != null ? spare.guest() : guest(spare, machine);
            return new LiveMachine(spare.name(), machine, guest, spare.holdings());
        } catch (RuntimeException | Error e) {
            end(machine, spare.holdings());
            throw e;
        }
    }

    /**
     * Checks what a caller relies on against what was baked.
     *
     * @param config the caller's wishes
     * @throws IllegalArgumentException if memory or vCPUs differ, naming both values
     */
    void check(VmConfig config) {
        check("memory", " MiB", config.memoryMib(), image.memoryMib());
        check("vCPUs", "", config.vcpus(), image.vcpus());
    }

    private void check(String what, String unit, OptionalInt wanted, int baked) {
        if (wanted.isPresent() && wanted.getAsInt() != baked) {
            throw new IllegalArgumentException(
                    "The image '" + image.name() + "' was baked with " + baked + unit + " ("
                            + what + "), but a machine with " + wanted.getAsInt() + unit
                            + " was asked for. Both are fixed when an image is baked: bake one with the other value under a name of its own.");
        }
    }

    private static void end(Machine machine, Holdings holdings) {
        try {
            machine.close();
        } finally {
            holdings.close();
        }
    }

    /** What a machine holds for as long as it is there: its memory in the ledger, and its files in the store. One that is lent by its bake holds neither. */
    record Holdings(@Nullable Booking booking, @Nullable SnapshotUse use) implements AutoCloseable {

        @Override
        public void close() {
            try {
                if (booking != null) {
                    booking.close();
                }
            } finally {
                if (use != null) {
                    use.close();
                }
            }
        }
    }

    /** A machine that is restored and waits; with the client it has rehearsed with, if it has. */
    record Spare(
            String name,
            Prepared prepared,
            Holdings holdings,
            @Nullable GuestClient guest) implements AutoCloseable {

        boolean isAlive() {
            return prepared.isAlive();
        }

        @Override
        public void close() {
            try {
                if (guest != null) {
                    guest.close();
                }
                prepared.close();
            } finally {
                holdings.close();
            }
        }
    }

    /** A machine that runs. */
    record LiveMachine(String name, Machine machine, GuestClient guest, Holdings holdings) implements AutoCloseable {

        @Override
        public void close() {
            try {
                guest.close();
            } finally {
                end(machine, holdings);
            }
        }
    }
}
