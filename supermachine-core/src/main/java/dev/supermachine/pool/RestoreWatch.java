package dev.supermachine.pool;

import dev.supermachine.AcquireException;
import dev.supermachine.engine.Evidence;
import dev.supermachine.pool.MachineSource.LiveMachine;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One restore, with a limit for how long it may take. With one it runs on a thread of its own, because an engine may not come back in time: who waits is let go
 * at the limit, and what the restore still brings is ended by its thread. Used once.
 */
final class RestoreWatch {

    private static final Logger LOG = LoggerFactory.getLogger(RestoreWatch.class);

    private final String name;
    private final Optional<Duration> limit;
    private final CompletableFuture<LiveMachine> done = new CompletableFuture<>();

    private volatile String step = "prepare it";
    private volatile @Nullable LiveMachine machine;

    RestoreWatch(String name, Optional<Duration> limit) {
        this.name = name;
        this.limit = limit;
    }

    /** Notes what is done next, as a phrase that follows "to". */
    void next(String what) {
        step = what;
    }

    /** Notes the machine, from the moment at which it can be ended from outside. */
    void running(LiveMachine connected) {
        machine = connected;
    }

    /**
     * Restores.
     *
     * @param restore what gives the machine, or ends it and throws
     * @return the machine, running
     * @throws AcquireException if the limit is over, or the calling thread is interrupted (which it stays)
     */
    LiveMachine run(Function<RestoreWatch, LiveMachine> restore) {
        if (limit.isEmpty()) {
            return restore.apply(this);
        }
        Thread thread = new Thread(() -> deliver(restore), "supermachine-restore-" + name);
        thread.setDaemon(true);
        try {
            thread.start();
        } catch (OutOfMemoryError e) {
            // no room for a thread: what the restore is to give back must not be lost with it
            LOG.debug("The restore of the machine '{}' runs without its limit", name, e);
            return restore.apply(this);
        }
        try {
            return done.get(TimeUnit.NANOSECONDS.convert(limit.get()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return giveUp(thread, expired(limit.get()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return giveUp(
                    thread,
                    new AcquireException("Interrupted while the machine '" + name + "' was being restored.", e));
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        }
    }

    private void deliver(Function<RestoreWatch, LiveMachine> restore) {
        try {
            LiveMachine live = restore.apply(this);
            if (!done.complete(live)) {
                live.close();
            }
        } catch (RuntimeException | Error e) {
            if (!done.completeExceptionally(e)) {
                LOG.debug("The restore of the machine '{}', which nobody waits for any more, failed", name, e);
            }
        }
    }

    /** Ends what there is; if the machine has just come after all, it is taken. */
    private LiveMachine giveUp(Thread thread, AcquireException reason) {
        if (!done.completeExceptionally(reason)) {
            try {
                return done.join();
            } catch (CompletionException e) {
                throw rethrown(e.getCause());
            }
        }
        LiveMachine connected = machine;
        if (connected == null) {
            thread.interrupt(); // it waits for the engine
        } else {
            connected.guest().close("it was not restored in time, and ended");
        }
        throw reason;
    }

    private AcquireException expired(Duration time) {
        LiveMachine connected = machine;
        return new AcquireException("The machine '" + name + "' was not restored within " + time.toMillis()
                + " ms, the limit that its VmConfig.withRestoreTimeout() sets: it had yet to " + step
                + ". It was ended, and its memory is given back. Raise the limit if this host is only slow."
                + (connected == null
                        ? ""
                        : Evidence.ofConsole(connected.machine().console().tail(Evidence.LINES))));
    }

    /** As it would have come without a limit. */
    private static RuntimeException rethrown(@Nullable Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        if (cause instanceof RuntimeException exception) {
            throw exception;
        }
        throw new IllegalStateException("a restore failed in an impossible way", cause);
    }
}
