package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.engine.Deadline;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Requests and answers on stream 0: one at a time, each answered by its own type of frame or by ERROR. Thread-safe. */
final class ControlCalls {

    static final int VERSION = 1;

    /** A request that was sent. Whoever asked may have given up; the answer is awaited all the same before the next request. */
    private static final class Call {
        private final String operation;
        private final FrameType answer;
        private @Nullable FrameReader answered;
        private @Nullable MachineException refused;
        private boolean abandoned;

        /** Whether the next request is its own, if it is granted. */
        private boolean keepsTurn;

        private Call(String operation, FrameType answer) {
            this.operation = operation;
            this.answer = answer;
        }

        private boolean pending() {
            return answered == null && refused == null;
        }
    }

    private final AgentLink link;
    private final CompletableFuture<WorkloadExit> workloadExit = new CompletableFuture<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private @Nullable Call current;
    private @Nullable Hello hello;
    private boolean helloExpected;
    private boolean workloadEnded;
    private boolean down;

    ControlCalls(AgentLink link, boolean booted) {
        this.link = link;
        this.helloExpected = booted;
    }

    CompletableFuture<WorkloadExit> workloadExit() {
        return workloadExit;
    }

    Hello awaitHello(Deadline deadline) {
        lock.lock();
        try {
            while (hello == null) {
                await(deadline, "mount its root file system and say HELLO");
            }
            return hello;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Sends a request and waits for its answer.
     *
     * @param operation a phrase that follows "cannot"
     * @return the answer's payload
     */
    FrameReader call(String operation, FrameType answer, Deadline deadline, Supplier<Frame> request) {
        Call call = new Call(operation, answer);
        claim(call, deadline);
        return carryOut(call, deadline, () -> link.send(request));
    }

    /**
     * As {@link #call}, with two requests of which the second follows the first whatever lies in between; nobody else's comes between them, and no frame at all.
     *
     * @param between what is done after the first was answered; may fail
     * @param timeout how long to wait for each answer
     * @return the second answer's payload
     */
    FrameReader hold(Exchange first, Runnable between, Exchange second, Duration timeout) {
        Deadline deadline = Deadline.in(timeout);
        Call hold = new Call(first.operation(), first.answer());
        claim(hold, deadline);
        hold.keepsTurn = true;
        try {
            carryOut(hold, deadline, () -> link.hold(first.request().get()));
        } catch (RuntimeException | Error e) {
            link.endHold();
            throw e;
        }
        try {
            between.run();
        } catch (RuntimeException | Error e) {
            try {
                release(second, timeout);
            } catch (MachineException also) {
                e.addSuppressed(also);
            }
            throw e;
        }
        return release(second, timeout);
    }

    private FrameReader release(Exchange request, Duration timeout) {
        Call release = new Call(request.operation(), request.answer());
        lock.lock();
        try {
            current = release;
        } finally {
            lock.unlock();
        }
        return carryOut(release, Deadline.in(timeout), () -> link.release(request.request()));
    }

    /** A request, what makes it when it is its turn, and the type of its answer. */
    record Exchange(String operation, FrameType answer, Supplier<Frame> request) {}

    private FrameReader carryOut(Call call, Deadline deadline, Runnable send) {
        String operation = call.operation;
        try {
            send.run();
        } catch (MachineException | IllegalArgumentException e) {
            release(call);
            throw e;
        }
        lock.lock();
        try {
            while (call.pending()) {
                await(deadline, operation);
            }
            if (call.refused != null) {
                throw call.refused;
            }
            return Objects.requireNonNull(call.answered);
        } finally {
            call.abandoned = true;
            if (!call.pending() && !(call.keepsTurn && call.refused == null)) {
                freeSlot(call);
            }
            lock.unlock();
        }
    }

    private void claim(Call call, Deadline deadline) {
        lock.lock();
        try {
            while (current != null) {
                await(deadline, call.operation + ", because it has not answered the request to " + current.operation);
            }
            current = call;
        } finally {
            lock.unlock();
        }
        link.ensureUp();
    }

    private void release(Call call) {
        lock.lock();
        try {
            freeSlot(call);
        } finally {
            lock.unlock();
        }
    }

    private void freeSlot(Call call) {
        if (current == call) {
            current = null;
            changed.signalAll();
        }
    }

    /** A new epoch: what was asked in the older one is not answered any more. */
    void forget() {
        lock.lock();
        try {
            if (current != null) {
                current.refused =
                        link.error("cannot " + current.operation + ": the machine was resumed meanwhile", null);
                freeSlot(current);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** A control frame, on the reading thread. */
    void receive(Frame frame) throws ProtocolException {
        FrameReader in = new FrameReader(frame);
        lock.lock();
        try {
            switch (frame.type()) {
                case HELLO -> hello(in);
                case WORKLOAD_EXIT -> workloadEnded(in);
                default -> answer(frame, in);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void hello(FrameReader in) throws ProtocolException {
        if (!helloExpected) {
            throw new ProtocolException("a HELLO that was not due");
        }
        helloExpected = false;
        long version = in.u32();
        if (version != VERSION) {
            throw new ProtocolException("its agent speaks version " + version
                    + " of the protocol, this library version " + VERSION + "; the two were not built together");
        }
        Hello said = new Hello(version, in.string(), in.string());
        in.end();
        hello = said;
    }

    private void workloadEnded(FrameReader in) throws ProtocolException {
        int kind = in.u8();
        int status = (int) in.u32();
        in.end();
        if (kind > 1) {
            throw new ProtocolException("a WORKLOAD_EXIT of the unknown kind " + kind);
        }
        if (workloadEnded) {
            throw new ProtocolException("WORKLOAD_EXIT twice");
        }
        workloadEnded = true;
        WorkloadExit exit = new WorkloadExit(kind == 1, status);
        workloadExit.defaultExecutor().execute(() -> workloadExit.complete(exit));
    }

    private void answer(Frame frame, FrameReader in) throws ProtocolException {
        Call call = current;
        if (call == null || !call.pending() || (frame.type() != call.answer && frame.type() != FrameType.ERROR)) {
            throw new ProtocolException("a frame of " + frame.type()
                    + (call == null || !call.pending()
                            ? " that nobody asked for"
                            : " where " + call.answer + " was due"));
        }
        if (frame.type() == FrameType.ERROR) {
            long code = in.u32();
            String message = in.string();
            in.end();
            call.refused = GuestErrors.refused(link, call.operation, code, message);
        } else {
            call.answered = in;
        }
        if (call.abandoned) {
            freeSlot(call);
        }
    }

    /** The link is down: wakes everybody. */
    void fail(MachineException reason) {
        lock.lock();
        try {
            down = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        workloadExit.defaultExecutor().execute(() -> workloadExit.completeExceptionally(reason));
    }

    @SuppressWarnings("WaitNotInLoop") // the callers loop
    private void await(Deadline deadline, String operation) {
        if (down) {
            link.ensureUp();
        }
        try {
            if (deadline.left() <= 0) {
                throw link.failure(
                        "its agent did not " + operation + " within " + deadline
                                + ". The guest hangs or is starved of CPU time; allow more time if it is only slow",
                        null);
            }
            if (changed.awaitNanos(deadline.left()) <= 0) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw link.error("interrupted while waiting for the agent to " + operation, e);
        }
    }
}
