package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.engine.Deadline;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What both directions of a stream share: the lock, how the stream ended, and the way its frames and failures go. Callers hold the lock, except for what says
 * otherwise.
 */
final class StreamState {

    private final AgentLink link;
    private final String operation;
    private final int number;
    private final int epoch;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final CompletableFuture<FrameReader> result = new CompletableFuture<>();

    private boolean over;
    private @Nullable FrameReader answer;
    private @Nullable Supplier<MachineException> failure;

    StreamState(AgentLink link, String operation, int number) {
        this.link = link;
        this.operation = operation;
        this.number = number;
        this.epoch = link.epoch();
    }

    AgentLink link() {
        return link;
    }

    /** What the stream does, as a phrase that follows "cannot". */
    String operation() {
        return operation;
    }

    int number() {
        return number;
    }

    /** Guards this and both directions. */
    ReentrantLock lock() {
        return lock;
    }

    /** Signalled when anything has changed that somebody may wait for. */
    Condition changed() {
        return changed;
    }

    /** The result, once; to be had without the lock. */
    CompletableFuture<FrameReader> result() {
        return result;
    }

    boolean over() {
        return over;
    }

    /** Whether the stream is over without a result. */
    boolean failed() {
        return over && answer == null;
    }

    /** The result of a stream that is over; null if it has failed. */
    @Nullable
    FrameReader answer() {
        return answer;
    }

    /** Why the stream has no result. */
    MachineException failure() {
        return failure != null ? failure.get() : givenUp();
    }

    private MachineException givenUp() {
        return link.error("the request to " + operation + " was given up by the caller", null);
    }

    /** Ends a stream that is not over, with one of the two. */
    void finish(@Nullable FrameReader answered, @Nullable Supplier<MachineException> failed) {
        over = true;
        answer = answered;
        failure = failed;
        changed.signalAll();
        // Whatever a user hangs on the future must not run on the reading thread.
        result.defaultExecutor().execute(() -> {
            if (answered != null) {
                result.complete(answered);
            } else if (failed != null) {
                result.completeExceptionally(failed.get());
            }
        });
    }

    /**
     * Ends the stream on behalf of its user. Takes the lock itself.
     *
     * @return false if it was over
     */
    boolean giveUp() {
        lock.lock();
        try {
            if (over) {
                return false;
            }
            over = true;
            failure = this::givenUp;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        result.completeExceptionally(givenUp());
        return true;
    }

    /** Waits for a change, at most until the deadline, at which it fails unless the stream is over. */
    @SuppressWarnings("WaitNotInLoop") // the callers loop
    void await(Deadline deadline) {
        try {
            if (changed.awaitNanos(deadline.left()) <= 0 && deadline.left() <= 0 && !over) {
                throw link.failure(
                        "no answer within " + deadline + " to the request to " + operation
                                + ". The guest hangs or is starved of CPU time; allow more time if it is only slow",
                        null);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw link.error("interrupted while waiting for the guest to " + operation, e);
        }
    }

    /** Sends a frame of this stream, without the lock. */
    void send(FrameType type, int subchannel, byte[] payload) {
        link.send(Frame.ofStream(type, subchannel, number, epoch, payload));
    }

    /** As {@link #send}, for those who read and write as java.io does. */
    void sendAsIo(FrameType type, int subchannel, byte[] payload) throws IOException {
        try {
            send(type, subchannel, payload);
        } catch (MachineException e) {
            throw asIo(e);
        }
    }

    /** As {@link #failure()}, for those who read and write as java.io does. */
    IOException failureAsIo() {
        return asIo(failure());
    }

    /** With the headline only: what the guest left behind is in the cause. */
    private static IOException asIo(MachineException e) {
        return new IOException(GuestErrors.headline(e), e);
    }

    /** For a thread that reads or writes; it stays interrupted. */
    InterruptedIOException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        InterruptedIOException exception =
                new InterruptedIOException("Machine '" + link.machine() + "': interrupted; cannot " + operation);
        exception.initCause(cause);
        return exception;
    }
}
