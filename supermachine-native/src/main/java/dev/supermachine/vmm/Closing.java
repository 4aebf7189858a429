package dev.supermachine.vmm;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Closes what takes its time to be closed, on a thread of its own that goes when there is nothing to do. */
final class Closing {

    /** What runs here takes its time, but waits for nobody. */
    static final Executor EXECUTOR;

    private static final ScheduledThreadPoolExecutor THREAD = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "supermachine-closing");
        thread.setDaemon(true);
        return thread;
    });

    static {
        THREAD.setKeepAliveTime(5, TimeUnit.SECONDS);
        THREAD.allowCoreThreadTimeOut(true);
        EXECUTOR = THREAD;
    }

    private Closing() {}

    /**
     * Closes things in their order, all of them even if one fails.
     *
     * @return is completed when that is done
     */
    static CompletableFuture<Void> later(List<AutoCloseable> things) {
        List<AutoCloseable> inOrder = List.copyOf(things);
        return CompletableFuture.runAsync(() -> closeAll(inOrder), EXECUTOR);
    }

    /** Does something on the same thread, not before so many milliseconds have passed. It must not wait. */
    static void after(long millis, Runnable step) {
        var unused = THREAD.schedule(step, millis, TimeUnit.MILLISECONDS);
    }

    /** A step with what was opened before it. */
    interface Step<T, R, E extends Exception> {

        R with(T opened) throws E;
    }

    /**
     * Does the next step with something that was just opened, and closes that if the step fails.
     *
     * @return what the step made, which has what was opened from then on
     */
    static <T extends AutoCloseable, R, E extends Exception> R orClose(T opened, Step<T, R, E> step) throws E {
        try {
            return step.with(opened);
        } catch (Throwable e) {
            closeAfter(e, opened);
            throw e;
        }
    }

    /** Closes a thing because something else failed, which keeps its precedence. */
    static void closeAfter(Throwable failure, AutoCloseable thing) {
        try {
            thing.close();
        } catch (Exception e) {
            failure.addSuppressed(e);
        }
    }

    /** Closes things in their order, all of them even if one fails. */
    static void closeAll(List<? extends AutoCloseable> things) {
        RuntimeException failure = null;
        for (AutoCloseable thing : things) {
            try {
                thing.close();
            } catch (Exception e) {
                failure = added(failure, e);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private static RuntimeException added(@Nullable RuntimeException failure, Exception next) {
        if (failure == null) {
            return next instanceof RuntimeException unchecked ? unchecked : new IllegalStateException(next);
        }
        failure.addSuppressed(next);
        return failure;
    }
}
