package dev.supermachine.testing;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** Work on a thread of its own for each task: the common pool may have a single thread, on which tasks that block each other hang. */
public final class Background {

    private static final Executor THREADS = task -> {
        Thread thread = new Thread(task, "test-background");
        thread.setDaemon(true);
        thread.start();
    };

    private Background() {}

    /** Runs an action. */
    public static CompletableFuture<Void> run(Runnable action) {
        return CompletableFuture.runAsync(action, THREADS);
    }

    /** Computes a value. */
    public static <T> CompletableFuture<T> supply(Supplier<T> value) {
        return CompletableFuture.supplyAsync(value, THREADS);
    }
}
