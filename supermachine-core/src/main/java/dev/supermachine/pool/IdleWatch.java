package dev.supermachine.pool;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the pools of this process give up their idle machines when somebody in another process waits for memory. A ledger tells nobody what happens in it, so
 * one thread looks, as long as there are pools.
 */
final class IdleWatch {

    private static final Logger LOG = LoggerFactory.getLogger(IdleWatch.class);
    private static final long PERIOD_MILLIS = 100;

    private static final ScheduledThreadPoolExecutor THREAD = thread();
    private static @Nullable Future<?> looking;

    private IdleWatch() {}

    /** Looks from now on, until no pool is open any more. */
    static synchronized void begin() {
        if (looking == null) {
            looking =
                    THREAD.scheduleWithFixedDelay(IdleWatch::look, PERIOD_MILLIS, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private static synchronized boolean ended() {
        boolean ended = Spares.ofOpenPools().isEmpty();
        if (ended && looking != null) {
            looking.cancel(false);
            looking = null;
        }
        return ended;
    }

    private static void look() {
        if (ended()) {
            return;
        }
        try {
            endIdleMachines(Spares.ofOpenPools());
        } catch (RuntimeException e) {
            // whatever it was, the next look may succeed; an exception would be the last look
            LOG.warn("Could not give up idle machines for those who wait in other processes", e);
        }
    }

    private static void endIdleMachines(List<Spares> pools) {
        Map<MemoryLedger, Optional<LedgerEntry>> waiting = new HashMap<>();
        for (Spares spares : pools) {
            @Nullable MemoryLedger ledger = spares.ledgerOfIdle();
            if (ledger != null) {
                waiting.computeIfAbsent(ledger, MemoryLedger::firstWaiting).ifPresent(spares::giveUpIdle);
            }
        }
    }

    /** Ends when there is nothing to look at. */
    private static ScheduledThreadPoolExecutor thread() {
        ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "supermachine-idle-watch");
            thread.setDaemon(true);
            return thread;
        });
        executor.setRemoveOnCancelPolicy(true);
        executor.setKeepAliveTime(PERIOD_MILLIS, TimeUnit.MILLISECONDS);
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }
}
