package dev.supermachine.pool;

import dev.supermachine.AcquireException;
import dev.supermachine.EngineException;
import dev.supermachine.MachineException;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import dev.supermachine.pool.MachineSource.LiveMachine;
import dev.supermachine.pool.MachineSource.Spare;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps restored machines ready and hands them out. A machine that is given back is ended, and another one restored in its place in the background.
 *
 * <p>Holders are admitted by a fair semaphore of {@code max} permits, so they are served in order of arrival. Invariant under the monitor: machines in use,
 * ready and being made for the ready set are together at most {@code max}, but for the moment in which a holder takes a ready one.
 */
final class MachinePool implements VmPool, MachineOwner {

    private static final Logger LOG = LoggerFactory.getLogger(MachinePool.class);

    /** Every open pool of this process, so that one that needs memory can ask the others for what they hold idle. */
    private static final Set<MachinePool> OPEN =
            Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    /** Beyond this, ready machines are never ended. */
    private static final Duration LONGEST_IDLE_TIMEOUT = Duration.ofDays(365);

    private final MachineSource source;
    private final int min;
    private final int max;
    private final Duration idleTimeout;
    private final Duration acquireTimeout;
    private final LongSupplier nanoTime;
    private final Semaphore permits;
    private final ScheduledThreadPoolExecutor refiller;

    private final Deque<IdleMachine> idle = new ArrayDeque<>();
    private final Set<LeasedVm> inUse = new LinkedHashSet<>();
    private int taken;
    private int target;
    private boolean filling;
    private @Nullable Making making;
    private long acquired;
    private long resets;
    private boolean closed;

    MachinePool(
            MachineSource source,
            int min,
            int max,
            Duration idleTimeout,
            Duration acquireTimeout,
            LongSupplier nanoTime) {
        this.source = source;
        this.min = min;
        this.max = max;
        this.idleTimeout = idleTimeout;
        this.acquireTimeout = acquireTimeout;
        this.nanoTime = nanoTime;
        this.permits = new Semaphore(max, true);
        this.target = min;
        this.refiller = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread =
                    new Thread(task, "supermachine-refill-" + source.image().name());
            thread.setDaemon(true);
            return thread;
        });
        refiller.setRemoveOnCancelPolicy(true);
        refiller.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        OPEN.add(this);
        IdleWatch.begin();
        refill();
    }

    @Override
    public Vm acquire(VmConfig config) {
        source.check(config);
        long deadline = nanoTime.getAsLong() + nanos(acquireTimeout);
        synchronized (this) {
            checkOpen();
        }
        awaitPermit();
        try {
            synchronized (this) {
                checkOpen();
                taken++;
            }
            try {
                return lend(config, deadline);
            } catch (RuntimeException | Error e) {
                synchronized (this) {
                    taken--;
                }
                throw e;
            }
        } catch (RuntimeException | Error e) {
            permits.release();
            refill();
            throw e;
        }
    }

    private Vm lend(VmConfig config, long deadline) {
        @Nullable Spare spare = takeSpare(deadline);
        refill();
        LeasedVm vm = new LeasedVm(this, source.image(), config, bringUp(spare, config, deadline));
        synchronized (this) {
            if (!closed) {
                inUse.add(vm);
                acquired++;
                return vm;
            }
        }
        vm.close();
        throw closedException();
    }

    /**
     * A ready machine, or else the one that is just being made ready if nobody waits for it yet. To restore another one beside it would take longer, and
     * memory for both.
     *
     * @return null if there is none, so that the caller restores his own
     */
    private synchronized @Nullable Spare takeSpare(long deadline) {
        checkOpen();
        @Nullable Spare ready = pollIdle();
        @Nullable Making awaited = making;
        if (ready != null || awaited == null || awaited.claimed) {
            return ready;
        }
        awaited.claimed = true;
        try {
            for (long left = deadline - nanoTime.getAsLong();
                    !awaited.done && left > 0;
                    left = deadline - nanoTime.getAsLong()) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
                if (!awaited.done) {
                    checkOpen();
                }
            }
            return awaited.spare;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            if (awaited.spare != null && closed) {
                awaited.spare.close();
            } else if (awaited.spare != null) {
                addIdle(awaited.spare);
            }
            throw interrupted(e);
        } finally {
            awaited.claimed = false;
        }
    }

    /** A machine that runs: the spare, or a fresh one if there is none or it turns out to be dead. */
    private LiveMachine bringUp(@Nullable Spare spare, VmConfig config, long deadline) {
        @Nullable RuntimeException before = null;
        if (spare != null) {
            try {
                return source.activate(spare, config);
            } catch (EngineException | MachineException e) {
                if (Thread.currentThread().isInterrupted()) {
                    throw e;
                }
                LOG.warn(
                        "A machine that was kept ready failed, another one is restored in its place: {}",
                        e.getMessage());
                before = e;
            }
        }
        Duration left = Duration.ofNanos(Math.max(0, deadline - nanoTime.getAsLong()));
        try {
            return source.activate(source.prepare(left), config);
        } catch (RuntimeException e) {
            if (before != null) {
                e.addSuppressed(before);
            }
            throw e;
        }
    }

    @Override
    public LiveMachine replace(VmConfig config) {
        long deadline = nanoTime.getAsLong() + nanos(acquireTimeout);
        try {
            LiveMachine machine = bringUp(takeSpare(deadline), config, deadline);
            synchronized (this) {
                resets++;
            }
            return machine;
        } finally {
            refill();
        }
    }

    @Override
    public void released(LeasedVm vm) {
        synchronized (this) {
            if (!inUse.remove(vm)) {
                return;
            }
            taken--;
            target = Math.max(min, Math.min(max - taken, idle.size() + 1));
        }
        permits.release();
        refill();
    }

    @Override
    public Stats stats() {
        synchronized (this) {
            return new Stats(
                    idle.size() + inUse.size(),
                    idle.size(),
                    inUse.size(),
                    permits.getQueueLength() + (making != null && making.claimed ? 1 : 0),
                    min,
                    max,
                    acquired,
                    resets);
        }
    }

    @Override
    public void close() {
        List<LeasedVm> holders;
        List<IdleMachine> spares;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            holders = new ArrayList<>(inUse);
            spares = new ArrayList<>(idle);
            idle.clear();
            notifyAll();
        }
        OPEN.remove(this);
        refiller.shutdown();
        if (max < Integer.MAX_VALUE) {
            // whoever waits for a permit gets this one, finds the pool closed, and passes it on
            permits.release();
        }
        List<AutoCloseable> all = new ArrayList<>(holders);
        spares.forEach(spare -> all.add(spare.take()));
        all.forEach(MachinePool::closeQuietly);
    }

    /** One machine that does not end properly must not keep the others from it. */
    private static void closeQuietly(AutoCloseable machine) {
        try {
            machine.close();
        } catch (Exception e) {
            LOG.warn("{} could not be ended properly when its pool was closed", machine, e);
        }
    }

    /** Asks every pool of this process to end the machines that nobody uses, because someone waits for their memory. */
    static void giveUpIdleMachines() {
        openPools().forEach(pool -> pool.endIdle(0, 0));
    }

    /** The pools of this process that are neither closed nor forgotten. */
    static List<MachinePool> openPools() {
        synchronized (OPEN) {
            return new ArrayList<>(OPEN);
        }
    }

    /** Ends the machines that nobody uses, for somebody in another process. */
    void giveUpIdle(LedgerEntry waiting) {
        if (endIdle(0, 0) > 0) {
            LOG.info(
                    "Giving up idle machines of the image '{}', because {} waits for their memory",
                    source.image().name(),
                    waiting);
        }
    }

    /** The ledger whose memory idle machines keep from others; null if there are none. */
    @Nullable
    MemoryLedger ledgerOfIdle() {
        synchronized (this) {
            return idle.isEmpty() ? null : source.ledger();
        }
    }

    private void awaitPermit() {
        boolean admitted;
        try {
            admitted = permits.tryAcquire(nanos(acquireTimeout), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interrupted(e);
        }
        if (!admitted) {
            throw new AcquireException(
                    "No machine of the image '" + source.image().name() + "' became free within "
                            + acquireTimeout.toMillis() + " ms: all " + max + " of the pool are in use ("
                            + holders() + "), and " + permits.getQueueLength()
                            + " other callers wait. Close machines when they are no longer needed, or raise the pool's maximum.");
        }
    }

    private AcquireException interrupted(InterruptedException cause) {
        return new AcquireException(
                "Interrupted while waiting for a machine of the image '"
                        + source.image().name() + "'.",
                cause);
    }

    private synchronized String holders() {
        String names = inUse.stream().map(LeasedVm::name).collect(Collectors.joining(", "));
        int coming = taken - inUse.size();
        return coming == 0 ? names : names + (names.isEmpty() ? "" : ", ") + coming + " just being restored";
    }

    private void checkOpen() {
        if (closed) {
            throw closedException();
        }
    }

    private IllegalStateException closedException() {
        return new IllegalStateException(
                "The pool of the image '" + source.image().name() + "' is closed.");
    }

    private @Nullable Spare pollIdle() {
        for (IdleMachine next = idle.pollLast(); next != null; next = idle.pollLast()) {
            Spare spare = next.take();
            if (spare.isAlive()) {
                return spare;
            }
            LOG.warn("The machine '{}', kept ready, has ended by itself.", spare.name());
            spare.close();
        }
        return null;
    }

    private void refill() {
        synchronized (this) {
            if (closed || filling) {
                return;
            }
            refiller.execute(this::fill);
            filling = true;
        }
    }

    private void fill() {
        while (beginMaking()) {
            @Nullable Spare spare = null;
            try {
                spare = source.prepare(Duration.ZERO);
                if (!isClaimed()) {
                    Spare prepared = spare;
                    spare = null; // used up, whatever happens
                    spare = source.rehearse(prepared);
                }
            } catch (AcquireException e) {
                LOG.debug("No memory for a machine kept ready: {}", e.getMessage());
            } catch (RuntimeException | Error e) {
                // an error too: were this thread to end here, the pool would never fill again
                if (JvmExit.hasBegun()) {
                    LOG.debug("A machine to be kept ready was not restored, because the JVM ends: {}", e.getMessage());
                } else {
                    LOG.warn(
                            "A machine to be kept ready could not be restored; the next one who asks restores his own.",
                            e);
                }
            }
            endMaking(spare);
        }
    }

    private synchronized boolean beginMaking() {
        int wanted = Math.min(Math.max(min, target), max - taken);
        if (closed || !filling || idle.size() >= wanted) {
            filling = false;
            return false;
        }
        making = new Making();
        return true;
    }

    /** Whether somebody waits for the machine that is being made, or nobody wants it any more. */
    private synchronized boolean isClaimed() {
        return closed || (making != null && making.claimed);
    }

    private void endMaking(@Nullable Spare spare) {
        synchronized (this) {
            Making made = Objects.requireNonNull(making);
            making = null;
            made.done = true;
            notifyAll();
            if (spare != null && !closed) {
                if (made.claimed) {
                    made.spare = spare;
                    return;
                }
                if (idle.size() < max - taken && !MachineMemory.isAwaited()) {
                    addIdle(spare);
                    return;
                }
            }
            filling = false;
            target = min;
        }
        if (spare != null) {
            spare.close();
        }
    }

    private void addIdle(Spare spare) {
        idle.addLast(new IdleMachine(spare, nanoTime.getAsLong(), expiry()));
    }

    private @Nullable Future<?> expiry() {
        if (idleTimeout.compareTo(LONGEST_IDLE_TIMEOUT) >= 0) {
            return null;
        }
        long nanos = idleTimeout.toNanos();
        return refiller.schedule(() -> endIdle(min, nanos), nanos, TimeUnit.NANOSECONDS);
    }

    /** Ends the machines that have been ready for some time, as long as more than some are left; says how many. */
    private int endIdle(int leave, long idleNanos) {
        List<Spare> ended = new ArrayList<>();
        synchronized (this) {
            long now = nanoTime.getAsLong();
            while (idle.size() > leave && now - idle.getFirst().since() >= idleNanos) {
                ended.add(idle.removeFirst().take());
            }
            if (!ended.isEmpty()) {
                target = Math.max(min, idle.size());
            }
        }
        ended.forEach(Spare::close);
        return ended.size();
    }

    /** A duration that may be added to a clock's reading without overflow. */
    private static long nanos(Duration duration) {
        return Math.min(TimeUnit.NANOSECONDS.convert(duration), Long.MAX_VALUE / 4);
    }

    /** A machine that is being made ready. Guarded by the pool's monitor. */
    private static final class Making {
        private boolean claimed;
        private boolean done;
        private @Nullable Spare spare;
    }

    /** A machine that is ready, since when, and what will end it if nobody wants it. */
    private record IdleMachine(
            Spare spare, long since, @Nullable Future<?> expiry) {

        /** For whoever has removed it from the set. */
        Spare take() {
            if (expiry != null) {
                expiry.cancel(false);
            }
            return spare;
        }
    }
}
