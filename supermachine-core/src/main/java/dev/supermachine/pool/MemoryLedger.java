package dev.supermachine.pool;

import dev.supermachine.AcquireException;
import dev.supermachine.linux.StoreTrouble;
import dev.supermachine.settings.Settings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The memory that all machines in all JVMs of a user share. A machine books what it may take before it starts; if there is not enough, it waits in order of
 * arrival over all processes. What a process has booked or waits for lapses when the process ends, in whatever way. Thread-safe; one per JVM and store is
 * enough.
 */
public final class MemoryLedger implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(MemoryLedger.class);
    private static final long POLL_MILLIS = 100;

    private final Path directory;
    private final LedgerFile file;
    private final MemoryProbe probe;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition released = lock.newCondition();
    private long releases;

    MemoryLedger(Path directory, MemoryProbe probe) {
        this.directory = directory;
        this.probe = probe;
        try {
            this.file = new LedgerFile(directory);
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    /**
     * Opens the ledger of a store.
     *
     * @param directory the store's {@link dev.supermachine.snapshot.SnapshotStore#ledgerDirectory()}; made if it is missing
     * @param budgetMib what all machines may have together, in MiB; empty to measure free memory and the control group's limit
     * @return the ledger; closing it gives up all its bookings
     * @throws AcquireException if the directory cannot be used
     */
    public static MemoryLedger open(Path directory, OptionalInt budgetMib) {
        if (budgetMib.isEmpty()) {
            return new MemoryLedger(directory, new LinuxMemoryProbe());
        }
        int budget = budgetMib.getAsInt();
        return new MemoryLedger(directory, () -> new MemoryReading(budget, budget, "supermachine.memory.budget.mib"));
    }

    /**
     * Opens the ledger that the settings ask for.
     *
     * @param directory as for {@link #open(Path, OptionalInt)}
     * @param settings where the budget may be set
     * @return the ledger
     */
    public static MemoryLedger open(Path directory, Settings settings) {
        return open(directory, settings.memoryBudgetMib());
    }

    /**
     * Books memory for a machine, waiting for it if need be.
     *
     * @param machineName the machine, for those who have to wait for it
     * @param mib what it may take at most, in MiB
     * @param timeout how long to wait; zero to fail at once
     * @param onWaiting told whom this waits for, at first and whenever that changes; called from this thread
     * @return the booking
     * @throws AcquireException if the whole budget is smaller, the timeout has passed, or the thread is interrupted
     * @throws IllegalArgumentException if {@code mib} is not positive
     */
    public Booking book(String machineName, int mib, Duration timeout, Consumer<String> onWaiting) {
        if (mib < 1) {
            throw new IllegalArgumentException(
                    "A machine needs at least 1 MiB, but '" + machineName + "' asks for " + mib);
        }
        long deadline = System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout);
        boolean mayWait = !timeout.isZero() && !timeout.isNegative();
        @Nullable LedgerEntry mine = null;
        boolean done = false;
        try {
            Look look = enter(machineName, mib, mayWait);
            mine = look.entered(mayWait) ? look.mine() : null;
            @Nullable List<LedgerEntry> said = null;
            while (!look.granted()) {
                String message = look.message();
                if (mib > look.budget()) {
                    throw new AcquireException(message
                            + " It would not fit even alone. Give the machine less memory, end other programs, or set"
                            + " supermachine.memory.budget.mib.");
                }
                if (System.nanoTime() - deadline >= 0) {
                    throw new AcquireException(message + " Gave up after " + timeout.toMillis()
                            + " ms. Close machines that are not needed, lower the pool's maximum, raise"
                            + " supermachine.acquire.timeout, or set supermachine.memory.budget.mib.");
                }
                if (!look.others().equals(said)) {
                    onWaiting.accept(message);
                    said = look.others();
                }
                await(message, deadline);
                look = look(look.mine());
            }
            done = true;
            return new Booking(this, look.mine());
        } catch (IOException e) {
            throw unusable(e);
        } finally {
            if (mine != null && !done) {
                release(mine);
            }
        }
    }

    /**
     * Who has waited for memory the longest, in this process or another. Cheap as long as nobody waits.
     *
     * @return empty if nobody waits, or the ledger cannot be read
     */
    Optional<LedgerEntry> firstWaiting() {
        try {
            return file.peek().firstWaiting().isEmpty()
                    ? Optional.empty()
                    : file.change(UnaryOperator.identity()).firstWaiting();
        } catch (IOException e) {
            LOG.debug("Could not look into the memory ledger in {}", directory, e);
            return Optional.empty();
        }
    }

    /** Gives up all bookings of this ledger. */
    @Override
    public void close() {
        file.close();
        signal();
    }

    void release(LedgerEntry entry) {
        try {
            file.change(state -> state.without(
                    other -> other.ticket() == entry.ticket() && other.owner().equals(entry.owner())));
        } catch (IOException e) {
            file.takeOutLater(entry);
            LOG.warn(
                    "Could not give {} back to the memory ledger in {}; it is given back with the next change: {}",
                    entry,
                    directory,
                    e.getMessage());
        }
        signal();
    }

    void move(LedgerEntry entry, String owner, long pid) {
        try {
            file.change(state -> state.map(
                    other -> other.ticket() == entry.ticket() && other.owner().equals(entry.owner())
                            ? new LedgerEntry(entry.ticket(), owner, pid, entry.machine(), entry.mib(), true)
                            : other));
        } catch (IOException e) {
            LOG.warn(
                    "Could not leave {} in the memory ledger in {} to process {}: {}",
                    entry,
                    directory,
                    pid,
                    e.getMessage());
        }
    }

    Path directory() {
        return directory;
    }

    /** What was found at one look at the ledger. */
    private record Look(
            LedgerEntry mine,
            boolean granted,
            long budget,
            String origin,
            List<LedgerEntry> booked,
            List<LedgerEntry> ahead) {

        /** Whether it has its memory, or a place among those who wait. */
        boolean entered(boolean mayWait) {
            return granted || (mayWait && mine.mib() <= budget);
        }

        List<LedgerEntry> others() {
            return Stream.concat(booked.stream(), ahead.stream()).toList();
        }

        String message() {
            long taken = booked.stream().mapToLong(LedgerEntry::mib).sum();
            return "The machine '" + mine.machine() + "' needs " + mine.mib() + " MiB, but of " + budget + " MiB ("
                    + origin + ") " + taken + " MiB are booked by " + list(booked) + "; " + list(ahead)
                    + " came before.";
        }

        private static String list(List<LedgerEntry> entries) {
            return entries.isEmpty()
                    ? "nobody"
                    : entries.stream().map(LedgerEntry::toString).collect(Collectors.joining(", "));
        }
    }

    /**
     * Takes a place in the queue, and the memory too if nobody is in the way. Who does not wait leaves no trace in the ledger, because others would end idle
     * machines for it.
     */
    private Look enter(String machineName, int mib, boolean mayWait) throws IOException {
        MemoryReading reading = probe.read();
        List<Look> looks = new ArrayList<>();
        file.change(state -> {
            LedgerEntry mine = new LedgerEntry(
                    state.nextTicket(), file.owner(), ProcessHandle.current().pid(), machineName, mib, false);
            LedgerState entered = grant(state.with(mine), mine, reading, looks);
            Look look = looks.get(0);
            return look.entered(mayWait) ? entered : state;
        });
        return looks.get(0);
    }

    private Look look(LedgerEntry mine) throws IOException {
        MemoryReading reading = probe.read();
        List<Look> looks = new ArrayList<>();
        file.change(state -> {
            if (!state.entries().contains(mine)) {
                throw new AcquireException("The memory ledger was closed while " + mine + " waited for it.");
            }
            return grant(state, mine, reading, looks);
        });
        return looks.get(0);
    }

    private static LedgerState grant(
            LedgerState state, LedgerEntry mine, MemoryReading reading, Collection<Look> looks) {
        LedgerState current = state.booked().isEmpty() ? state.withIdle(reading.availableMib()) : state;
        long budget = current.budget(reading);
        List<LedgerEntry> ahead = current.waitingBefore(mine.ticket());
        boolean granted = ahead.isEmpty() && current.bookedMib() + mine.mib() <= budget;
        looks.add(new Look(mine, granted, budget, reading.origin(), current.booked(), ahead));
        return granted ? current.map(entry -> entry.equals(mine) ? entry.asBooked() : entry) : current;
    }

    /** Other processes tell nobody what they give back, so this is polled; those in this process wake it. */
    private void await(String message, long deadline) {
        long nanos = Math.min(TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS), deadline - System.nanoTime());
        lock.lock();
        try {
            long seen = releases;
            while (seen == releases && nanos > 0) {
                nanos = released.awaitNanos(nanos);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AcquireException("The thread was interrupted while it waited. " + message, e);
        } finally {
            lock.unlock();
        }
    }

    private void signal() {
        lock.lock();
        try {
            releases++;
            released.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private AcquireException unusable(IOException cause) {
        return new AcquireException(
                "The memory ledger in " + directory + " cannot be used: "
                        + StoreTrouble.describe(cause, directory, "supermachine.snapshots.dir"),
                cause);
    }
}
