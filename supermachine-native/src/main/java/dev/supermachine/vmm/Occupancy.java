package dev.supermachine.vmm;

import java.util.concurrent.CompletableFuture;

/**
 * Who is inside of something that is to be given back when nobody is any more; without a thread that waits for them. Thread-safe.
 */
final class Occupancy {

    private final CompletableFuture<Void> empty = new CompletableFuture<>();
    private int inside;
    private boolean closed;

    /**
     * Somebody wants in.
     *
     * @return false once this was closed; else {@link #leave} is to follow
     */
    synchronized boolean enter() {
        if (!closed) {
            inside++;
        }
        return !closed;
    }

    /** Somebody is out again. If this was closed and nobody else is inside, what is to follow then may happen on this thread. */
    void leave() {
        boolean last;
        synchronized (this) {
            inside--;
            last = closed && inside == 0;
        }
        if (last) {
            empty.complete(null);
        }
    }

    /**
     * Lets nobody in any more.
     *
     * @return is completed when nobody is inside
     */
    CompletableFuture<Void> close() {
        boolean last;
        synchronized (this) {
            closed = true;
            last = inside == 0;
        }
        if (last) {
            empty.complete(null);
        }
        return empty;
    }
}
