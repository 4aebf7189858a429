package dev.supermachine.vmm;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Closes what takes its time to be closed, on a thread of its own that goes when there is nothing to do. */
final class Closing {

    private static final ThreadPoolExecutor EXECUTOR =
            new ThreadPoolExecutor(1, 1, 5, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                Thread thread = new Thread(task, "supermachine-closing");
                thread.setDaemon(true);
                return thread;
            });

    static {
        EXECUTOR.allowCoreThreadTimeOut(true);
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
