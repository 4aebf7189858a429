package dev.supermachine.oci;

import dev.supermachine.ImageException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Fetches several blobs at once. The first failure ends the others, and all have ended when {@link #run} returns. */
final class Parallel {

    @FunctionalInterface
    interface Fetch {
        void run(Descriptor layer, Digest diffId) throws IOException;
    }

    private final int threads;
    private final ImageOrigin origin;

    Parallel(int threads, ImageOrigin origin) {
        this.threads = threads;
        this.origin = origin;
    }

    void run(Map<Descriptor, Digest> layers, Fetch fetch) throws IOException {
        if (layers.isEmpty()) {
            return;
        }
        ExecutorService executor = Executors.newFixedThreadPool(Math.min(threads, layers.size()), task -> {
            Thread thread = new Thread(task, "supermachine-pull");
            thread.setDaemon(true);
            return thread;
        });
        boolean interrupted = false;
        try {
            CompletionService<Void> completion = new ExecutorCompletionService<>(executor);
            List<Future<Void>> started = new ArrayList<>();
            layers.forEach((layer, diffId) -> started.add(completion.submit(() -> {
                fetch.run(layer, diffId);
                return null;
            })));
            for (int i = 0; i < started.size(); i++) {
                completion.take().get();
            }
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        } catch (InterruptedException e) {
            interrupted = true;
            throw origin.failure("interrupted.", e);
        } finally {
            executor.shutdownNow();
            interrupted |= awaitEnd(executor);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static ImageException rethrown(@Nullable Throwable cause) throws IOException {
        if (cause instanceof ImageException failure) {
            return failure;
        }
        if (cause instanceof IOException failure) {
            throw failure;
        }
        if (cause instanceof Error error) {
            throw error;
        }
        throw new IllegalStateException(cause);
    }

    /** Whether the thread was interrupted while it waited. */
    private static boolean awaitEnd(ExecutorService executor) {
        boolean interrupted = false;
        while (true) {
            try {
                if (executor.awaitTermination(1, TimeUnit.MINUTES)) {
                    return interrupted;
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
    }
}
