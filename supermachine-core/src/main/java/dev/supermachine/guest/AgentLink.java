package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.engine.Channel;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
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

    private static final int TAIL_LINES = 20;

    private final Channel channel;
    private final String machine;
    private final Supplier<String> consoleTail;
    private final ReentrantLock writing = new ReentrantLock(true);
    private final AtomicReference<@Nullable MachineException> down = new AtomicReference<>();
    private volatile Consumer<MachineException> onDown = reason -> {};
    private volatile int epoch;

    AgentLink(Channel channel, String machine, Supplier<String> consoleTail) {
        this.channel = channel;
        this.machine = machine;
        this.consoleTail = consoleTail;
    }

    /** Whom to tell when the link goes down. Set once, before the first frame. */
    void onDown(Consumer<MachineException> listener) {
        onDown = listener;
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
            ensureUp();
            channel.write(FrameCodec.encode(frame.get()));
        } catch (IOException e) {
            takeDown("the channel to its agent failed while writing: " + e.getMessage(), e);
            ensureUp();
        } finally {
            writing.unlock();
        }
    }

    /** Passes if the link is up. */
    void ensureUp() {
        MachineException reason = down.get();
        if (reason != null) {
            throw GuestErrors.again(reason);
        }
    }

    /** Ends the link; the first reason counts. */
    void takeDown(String reason, @Nullable Throwable cause) {
        if (down.get() != null) {
            return;
        }
        MachineException exception = failure(reason, cause);
        if (down.compareAndSet(null, exception)) {
            channel.close();
            onDown.accept(exception);
        }
    }

    /** An exception about this machine: what happened. */
    MachineException error(String what, @Nullable Throwable cause) {
        return new MachineException("Machine '" + machine + "': " + what, cause);
    }

    /** As {@link #error}, with the last lines of the console. */
    MachineException failure(String what, @Nullable Throwable cause) {
        String tail = lastLines(consoleTail.get());
        return error(
                what
                        + (tail.isEmpty()
                                ? "\nThe guest's console is empty."
                                : "\nThe guest's console ends with:\n" + tail),
                cause);
    }

    String machine() {
        return machine;
    }

    private static String lastLines(String text) {
        List<String> lines = text.strip().lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
    }
}
