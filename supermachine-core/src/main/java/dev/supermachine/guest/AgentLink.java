package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.engine.Channel;
import dev.supermachine.engine.Evidence;
import dev.supermachine.engine.OutputTail;
import dev.supermachine.engine.Witness;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The sending half of a channel, and its end. Once the link is down it stays down: whoever waits and whoever comes later is told why. Thread-safe.
 *
 * <p>Frames are written one at a time under a fair lock; a sender of much data comes back for each chunk, so every stream gets its turn. The thread that
 * reads the channel never sends: a guest that does not read could otherwise stop it from reading.
 */
final class AgentLink {

    /** Why the link is down, and whether that is its user's doing. */
    private record End(MachineException reason, boolean isFailure) {}

    private final Channel channel;
    private final String machine;
    private final Witness witness;
    private final ReentrantLock writing = new ReentrantLock(true);
    private final Condition released = writing.newCondition();

    /** Whether nothing is sent but what {@link #release} sends. Changed with the lock. */
    private boolean held;

    private final AtomicReference<@Nullable End> down = new AtomicReference<>();
    private volatile Consumer<MachineException> onDown = reason -> {};
    private volatile @Nullable OutputTail log;
    private volatile int epoch;

    AgentLink(Channel channel, String machine, Witness witness) {
        this.channel = channel;
        this.machine = machine;
        this.witness = witness;
    }

    /** Whom to tell when the link goes down. Set once, before the first frame. */
    void onDown(Consumer<MachineException> listener) {
        onDown = listener;
    }

    /** Where the workload's output goes, for messages. */
    void log(OutputTail output) {
        log = output;
    }

    int epoch() {
        return epoch;
    }

    void epoch(int next) {
        epoch = next;
    }

    /** Sends one frame, waiting for the guest to read and for the senders who came before. */
    void send(Frame frame) {
        send(() -> frame);
    }

    /**
     * Sends one frame that is made when it is this sender's turn.
     *
     * @throws MachineException if the link is or goes down
     */
    void send(Supplier<Frame> frame) {
        writing.lock();
        try {
            while (held && down.get() == null) {
                released.awaitUninterruptibly();
            }
            write(frame);
        } finally {
            writing.unlock();
        }
    }

    /** As {@link #send(Supplier)}, and whoever sends after it waits until {@link #release} or {@link #endHold}. */
    void hold(Frame frame) {
        send(() -> {
            held = true;
            return frame;
        });
    }

    /** Sends a frame while all others wait, and then lets them go on. */
    void release(Supplier<Frame> frame) {
        writing.lock();
        try {
            write(frame);
        } finally {
            endHold();
            writing.unlock();
        }
    }

    /** Lets those who wait to send go on. */
    void endHold() {
        writing.lock();
        try {
            held = false;
            released.signalAll();
        } finally {
            writing.unlock();
        }
    }

    private void write(Supplier<Frame> frame) {
        try {
            ensureUp();
            channel.write(FrameCodec.encode(frame.get()));
        } catch (IOException e) {
            channelEnded("the channel to its agent failed while writing: " + e.getMessage(), e);
            ensureUp();
        }
    }

    /** Whether the link has ended by itself, and not because its user wanted it. */
    boolean hasFailed() {
        End end = down.get();
        return end != null && end.isFailure();
    }

    /** Passes if the link is up. */
    void ensureUp() {
        End end = down.get();
        if (end != null) {
            throw GuestErrors.again(end.reason());
        }
    }

    /** Ends the link because of the guest; the first reason counts. */
    void takeDown(String reason, @Nullable Throwable cause) {
        if (down.get() == null) {
            end(failure(reason, cause), true);
        }
    }

    /** Ends the link because the channel did, as a rule with the machine; the first reason counts. */
    void channelEnded(String reason, @Nullable Throwable cause) {
        if (down.get() == null) {
            String end = witness.end();
            end(failure(end.isEmpty() ? reason : reason + ". " + end, cause), true);
        }
    }

    /** Ends the link because its user wants it, which says nothing about the guest; the first reason counts. */
    void close(String reason) {
        if (down.get() == null) {
            end(error(reason, null), false);
        }
    }

    private void end(MachineException exception, boolean isFailure) {
        if (down.compareAndSet(null, new End(exception, isFailure))) {
            channel.close();
            endHold();
            onDown.accept(exception);
        }
    }

    /** An exception about this machine: what happened. */
    MachineException error(String what, @Nullable Throwable cause) {
        return new MachineException("Machine '" + machine + "': " + what, cause);
    }

    /** As {@link #error}, with what the guest left behind. */
    MachineException failure(String what, @Nullable Throwable cause) {
        return error(what + evidence(), cause);
    }

    /** The ends of the workload's output, if it is followed, and of the console. */
    String evidence() {
        OutputTail output = log;
        return output == null ? Evidence.ofConsole(witness.console()) : Evidence.of(output.text(), witness.console());
    }

    /** As {@link #evidence()}, with the workload's output. */
    String evidence(String output) {
        return Evidence.of(output, witness.console());
    }

    String machine() {
        return machine;
    }
}
