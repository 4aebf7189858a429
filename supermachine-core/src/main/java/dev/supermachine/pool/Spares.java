package dev.supermachine.pool;

import dev.supermachine.AcquireException;
import dev.supermachine.pool.MachineSource.Spare;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The machines that one pool keeps ready: makes them in the background, hands them out, takes them back, and ends those that nobody wants for some time or
 * whose memory somebody waits for. Thread-safe.
 *
 * <p>Invariant under the monitor: machines of holders, ready and being made for the ready set are together at most {@code max}. A holder for whom one is being
 * made has no other.
 */
final class Spares {

    private static final Logger LOG = LoggerFactory.getLogger(Spares.class);

    /** Those of every open pool of this process, so that a pool that needs memory can ask the others for what they hold idle. */
    private static final Set<Spares> OPEN = Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    /** Beyond this, ready machines are never ended. */
    private static final Duration LONGEST_IDLE_TIMEOUT = Duration.ofDays(365);

    private final MachineSource source;
    private final int min;
    private final int max;
    private final Duration idleTimeout;
    private final LongSupplier nanoTime;
    private final ScheduledThreadPoolExecutor refiller;

    private final Deque<IdleMachine> idle = new ArrayDeque<>();
    private int holders;
    private int target;
    private boolean filling;
    private @Nullable Making making;
    private boolean closed;

    /** None yet; {@link #begin()} makes the first. */
    Spares(MachineSource source, int min, int max, Duration idleTimeout, LongSupplier nanoTime) {
        this.source = source;
        this.min = min;
        this.max = max;
        this.idleTimeout = idleTimeout;
        this.nanoTime = nanoTime;
        this.target = min;
        this.refiller = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread =
                    new Thread(task, "supermachine-refill-" + source.image().name());
            thread.setDaemon(true);
            return thread;
        });
        refiller.setRemoveOnCancelPolicy(true);
        refiller.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    void begin() {
        OPEN.add(this);
        IdleWatch.begin();
        refill();
    }

    // For all pools of this process.

    /** Asks every pool of this process to end the machines that nobody uses, because someone waits for their memory. */
    static void giveUpAllIdle() {
        ofOpenPools().forEach(spares -> spares.endIdle(0, 0));
    }

    /** Those of the pools of this process that are neither closed nor forgotten. */
    static List<Spares> ofOpenPools() {
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

    // For the pool.

    /** Fails if the pool is closed. */
    synchronized void checkOpen() {
        if (closed) {
            throw closedException();
        }
    }

    IllegalStateException closedException() {
        return new IllegalStateException(
                "The pool of the image '" + source.image().name() + "' is closed.");
    }

    synchronized boolean isClosed() {
        return closed;
    }

    /** How many machines are ready. */
    synchronized int ready() {
        return idle.size();
    }

    /** How many holders there are, those that still wait for their machine included. */
    synchronized int holders() {
        return holders;
    }

    /** Whether a holder waits for the machine that is just being made ready. */
    synchronized boolean isAwaited() {
        return making != null && making.claimed;
    }

    /**
     * Counts a holder in.
     *
     * @return a ready machine for him, taken in the same moment; null if there is none
     */
    synchronized @Nullable Spare holderComes() {
        checkOpen();
        holders++;
        return pollIdle();
    }

    /** Counts a holder out who got no machine. */
    synchronized void holderFails() {
        holders--;
    }

    /** Whether a machine that is given back would be kept, as far as it can be said before. */
    synchronized boolean mayTakeBack() {
        return !closed && !MachineMemory.isAwaited();
    }

    /**
     * Counts a holder out.
     *
     * @param back his machine, brought back to its snapshot, which is ready from now on; null if he leaves none, so that one more is to be made, as far as
     *     there may be one
     * @return what is not kept, for the caller to end
     */
    synchronized @Nullable Spare holderLeaves(@Nullable Spare back) {
        holders--;
        if (back != null && mayTakeBack() && idle.size() < max - holders) {
            addIdle(back);
            target = Math.max(min, idle.size());
            notifyAll();
            return null;
        }
        target = Math.max(min, Math.min(max - holders, idle.size() + 1));
        return back;
    }

    /**
     * A ready machine, or else the one that is just being made ready if nobody waits for it yet, or one that is given back meanwhile. To restore another one
     * beside it would take longer, and memory for both.
     *
     * @param deadline until when to wait, as the pool's clock counts
     * @return null if there is none, so that the caller restores his own
     * @throws InterruptedException if the calling thread is interrupted while it waits; nothing is lost by it
     */
    synchronized @Nullable Spare take(long deadline) throws InterruptedException {
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
                    ready = pollIdle();
                    if (ready != null) {
                        return ready;
                    }
                }
            }
            return awaited.spare != null ? awaited.spare : pollIdle();
        } catch (InterruptedException e) {
            if (awaited.spare != null && closed) {
                awaited.spare.close();
            } else if (awaited.spare != null) {
                addIdle(awaited.spare);
            }
            throw e;
        } finally {
            awaited.claimed = false;
        }
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

    /** Makes what is missing, in the background. */
    void refill() {
        synchronized (this) {
            if (closed || filling) {
                return;
            }
            refiller.execute(this::fill);
            filling = true;
        }
    }

    /**
     * Ends all this, but for the machines that are ready.
     *
     * @return those, for the caller to end
     */
    List<Spare> close() {
        List<Spare> left = new ArrayList<>();
        synchronized (this) {
            closed = true;
            idle.forEach(machine -> left.add(machine.take()));
            idle.clear();
            notifyAll();
        }
        OPEN.remove(this);
        refiller.shutdown();
        return left;
    }

    // In the background.

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
        int wanted = Math.min(Math.max(min, target), max - holders);
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
                if (idle.size() < max - holders && !MachineMemory.isAwaited()) {
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

    /** A machine that is being made ready. Guarded by the monitor. */
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
