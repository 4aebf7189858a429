package dev.supermachine.pool;

import dev.supermachine.EngineException;
import dev.supermachine.Image;
import dev.supermachine.MachineException;
import dev.supermachine.VmConfig;
import dev.supermachine.engine.Activation;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.Prepared;
import dev.supermachine.engine.SnapshotSource;
import dev.supermachine.engine.Witness;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.snapshot.Snapshot;
import dev.supermachine.snapshot.SnapshotUse;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Restores machines of one image: books their memory, prepares them, and brings them to life. Holds none of them. Thread-safe.
 *
 * @since 0.1
 */
public final class MachineSource {

    private static final Duration RESUME_TIMEOUT = Duration.ofSeconds(30);

    /** Of the whole process, so that no two machines in it have the same name. */
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final Image image;
    private final Hypervisor hypervisor;
    private final Snapshot snapshot;
    private final boolean startsWorkload;
    private final MemoryLedger ledger;
    private final Clock clock;
    private final boolean detachable;
    private final SecureRandom random = new SecureRandom();

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
        this.startsWorkload = startsWorkload;
        this.ledger = ledger;
        this.clock = clock;
        this.detachable = detachable;
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
        String name = image.name() + "-" + COUNT.incrementAndGet();
        Booking booking = MachineMemory.book(ledger, name, image.memoryMib(), timeout);
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
     * Lets a prepared machine do once what its activation needs, so that it is quicker then. Nothing of it is left in what a test sees.
     *
     * @param spare what was prepared; not to be used any more
     * @return the machine, which waits as before
     * @throws EngineException if it does not run
     * @throws MachineException if its agent does not answer
     */
    Spare rehearse(Spare spare) {
        try {
            Activation activation = activation(spare, VmConfig.defaults());
            GuestClient guest = spare.prepared().rehearse(machine -> {
                GuestClient client = guest(spare, machine);
                client.rehearse(activation, RESUME_TIMEOUT);
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
     * Brings a prepared machine to life. Whatever happens, the spare is used up.
     *
     * @param spare what was prepared
     * @param config what distinguishes the machine
     * @return the machine, its workload running
     * @throws EngineException if it does not run
     * @throws MachineException if its agent does not answer
     */
    LiveMachine activate(Spare spare, VmConfig config) {
        Activation activation;
        Machine machine;
        try {
            activation = activation(spare, config);
            machine = spare.prepared().activate(activation);
        } catch (RuntimeException | Error e) {
            spare.close();
            throw e;
        }
        LiveMachine live = connect(spare, machine);
        try {
            live.guest().resume(activation, RESUME_TIMEOUT);
            if (startsWorkload) {
                live.guest().start(RESUME_TIMEOUT);
            }
            live.guest().followLog();
            return live;
        } catch (RuntimeException | Error e) {
            live.close();
            throw e;
        }
    }

    private Activation activation(Spare spare, VmConfig config) {
        byte[] entropy = new byte[Activation.ENTROPY_BYTES];
        random.nextBytes(entropy);
        String hostName = config.hostName().isEmpty() ? hostName(spare.name()) : config.hostName();
        int epoch = 1 + random.nextInt(Integer.MAX_VALUE - 1);
        return new Activation(epoch, entropy, clock, hostName, config.environment());
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

    /** A DNS label made from the machine's name. */
    private static String hostName(String name) {
        String label = name.replaceAll("[^A-Za-z0-9]+", "-").replaceAll("^-", "");
        return label.length() <= 63
                ? label
                : label.substring(label.length() - 63).replaceAll("^-", "");
    }

    private static void end(Machine machine, Holdings holdings) {
        try {
            machine.close();
        } finally {
            holdings.close();
        }
    }

    /** What a machine holds for as long as it is there: its memory in the ledger, and its files in the store. */
    record Holdings(Booking booking, @Nullable SnapshotUse use) implements AutoCloseable {

        @Override
        public void close() {
            try {
                booking.close();
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
