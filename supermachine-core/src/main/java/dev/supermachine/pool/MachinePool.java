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
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands out machines, as a rule such that its {@link Spares} keep ready. A machine that is given back becomes one of these, where the engine resets machines in
 * place; otherwise it is ended, and another one restored in its place in the background.
 *
 * <p>Holders are admitted by a fair semaphore of {@code max} permits, so they are served in order of arrival. Whoever needs the monitors of both takes the
 * pool's first; nobody holds it while he waits.
 */
final class MachinePool implements VmPool, MachineOwner {

    private static final Logger LOG = LoggerFactory.getLogger(MachinePool.class);

    private final MachineSource source;
    private final int min;
    private final int max;
    private final Duration acquireTimeout;
    private final LongSupplier nanoTime;
    private final Semaphore permits;
    private final Spares spares;

    private final Set<LeasedVm> inUse = new LinkedHashSet<>();
    private long acquired;
    private long resets;

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
        this.acquireTimeout = acquireTimeout;
        this.nanoTime = nanoTime;
        this.permits = new Semaphore(max, true);
        this.spares = new Spares(source, min, max, idleTimeout, nanoTime);
        spares.begin();
    }

    @Override
    public Vm acquire(VmConfig config) {
        source.check(config);
        long deadline = nanoTime.getAsLong() + nanos(acquireTimeout);
        spares.checkOpen();
        awaitPermit();
        try {
            @Nullable Spare ready = spares.holderComes();
            try {
                return lend(ready, config, deadline);
            } catch (RuntimeException | Error e) {
                spares.holderFails();
                throw e;
            }
        } catch (RuntimeException | Error e) {
            permits.release();
            spares.refill();
            throw e;
        }
    }

    private Vm lend(@Nullable Spare ready, VmConfig config, long deadline) {
        @Nullable Spare spare = ready != null ? ready : takeSpare(deadline);
        spares.refill();
        LeasedVm vm = new LeasedVm(this, source.image(), config, bringUp(spare, config, deadline));
        synchronized (this) {
            if (!spares.isClosed()) {
                inUse.add(vm);
                acquired++;
                return vm;
            }
        }
        vm.close();
        throw spares.closedException();
    }

    private @Nullable Spare takeSpare(long deadline) {
        try {
            return spares.take(deadline);
        } catch (InterruptedException e) {
            throw interrupted(e);
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
            return source.restore(left, config);
        } catch (RuntimeException e) {
            if (before != null) {
                e.addSuppressed(before);
            }
            throw e;
        }
    }

    @Override
    public LiveMachine replace(@Nullable LiveMachine old, VmConfig config) {
        long deadline = nanoTime.getAsLong() + nanos(acquireTimeout);
        try {
            @Nullable LiveMachine same = old == null ? null : source.reset(old, config);
            LiveMachine machine = same != null ? same : bringUp(takeSpare(deadline), config, deadline);
            synchronized (this) {
                resets++;
            }
            return machine;
        } finally {
            spares.refill();
        }
    }

    @Override
    public void released(LeasedVm vm, @Nullable LiveMachine machine) {
        @Nullable Spare back = null;
        try {
            back = machine == null ? null : takeBack(machine);
        } finally {
            leave(vm, back);
        }
    }

    /** As one that is ready, by the holder's thread: what the holder ran does not run on, and whoever comes next need not wait for another thread. */
    private @Nullable Spare takeBack(LiveMachine machine) {
        if (spares.mayTakeBack()) {
            return source.rewind(machine);
        }
        machine.close();
        return null;
    }

    private void leave(LeasedVm vm, @Nullable Spare back) {
        boolean left;
        @Nullable Spare surplus = back;
        synchronized (this) {
            left = inUse.remove(vm);
            if (left) {
                surplus = spares.holderLeaves(back);
            }
        }
        try {
            if (surplus != null) {
                surplus.close();
            }
        } finally {
            if (left) {
                permits.release();
                spares.refill();
            }
        }
    }

    @Override
    public Stats stats() {
        synchronized (this) {
            int ready = spares.ready();
            return new Stats(
                    ready + inUse.size(),
                    ready,
                    inUse.size(),
                    permits.getQueueLength() + (spares.isAwaited() ? 1 : 0),
                    min,
                    max,
                    acquired,
                    resets);
        }
    }

    @Override
    public void close() {
        List<AutoCloseable> all;
        synchronized (this) {
            if (spares.isClosed()) {
                return;
            }
            all = new ArrayList<>(inUse);
            all.addAll(spares.close());
        }
        if (max < Integer.MAX_VALUE) {
            // whoever waits for a permit gets this one, finds the pool closed, and passes it on
            permits.release();
        }
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

    private void awaitPermit() {
        boolean admitted;
        try {
            admitted = permits.tryAcquire(nanos(acquireTimeout), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
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
        Thread.currentThread().interrupt();
        return new AcquireException(
                "Interrupted while waiting for a machine of the image '"
                        + source.image().name() + "'.",
                cause);
    }

    private synchronized String holders() {
        String names = inUse.stream().map(LeasedVm::name).collect(Collectors.joining(", "));
        int coming = spares.holders() - inUse.size();
        return coming == 0 ? names : names + (names.isEmpty() ? "" : ", ") + coming + " just being restored";
    }

    /** A duration that may be added to a clock's reading without overflow. */
    private static long nanos(Duration duration) {
        return Math.min(TimeUnit.NANOSECONDS.convert(duration), Long.MAX_VALUE / 4);
    }
}
