package dev.supermachine.guest;

import dev.supermachine.engine.Deadline;
import dev.supermachine.engine.OutputTail;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** What the guest sends on a stream, until somebody reads it, and the credit that is granted for it. Thread-safe. */
final class StreamReceiver {

    /** No output has come in time. */
    static final int NOT_YET = -1;

    private final StreamState state;
    private final @Nullable OutputTail tail;
    private final ReceiveBuffer[] received;
    private final ReentrantLock lock;
    private final Condition changed;

    /** For subchannels that are read here, or, with a tail, go there as they come and are not kept otherwise. */
    StreamReceiver(StreamState state, int subchannels, int window, @Nullable OutputTail tail) {
        this.state = state;
        this.tail = tail;
        this.lock = state.lock();
        this.changed = state.changed();
        this.received = new ReceiveBuffer[subchannels];
        for (int i = 0; i < received.length; i++) {
            received[i] = new ReceiveBuffer(window);
            if (tail != null) {
                received[i].discard();
            }
        }
    }

    // What the guest sends: on the reading thread, which holds the lock.

    /**
     * Takes in a frame of DATA.
     *
     * @return whether nobody reads it, so that its credit is to be returned by somebody else
     */
    boolean receive(Frame frame) throws ProtocolException {
        ReceiveBuffer buffer = buffer(frame);
        buffer.put(frame.payload());
        if (tail != null) {
            tail.append(ByteBuffer.wrap(frame.payload()));
        }
        return buffer.discarding();
    }

    /** Takes in a frame of EOF. */
    void receiveEnd(Frame frame) throws ProtocolException {
        buffer(frame).end();
    }

    private ReceiveBuffer buffer(Frame frame) throws ProtocolException {
        int subchannel = frame.flags();
        if (subchannel < 1 || subchannel > received.length) {
            throw new ProtocolException(frame.type() + " on subchannel " + subchannel);
        }
        return received[subchannel - 1];
    }

    /** Whether the guest has ended all subchannels. */
    boolean ended() {
        boolean ended = true;
        for (ReceiveBuffer buffer : received) {
            ended &= buffer.ended();
        }
        return ended;
    }

    // What the host's side does.

    /** Reads from subchannel 1 or 2 as an InputStream does; what came before a failure is delivered before it. */
    int read(int subchannel, byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        ReceiveBuffer buffer = received[subchannel - 1];
        int count;
        int due;
        lock.lock();
        try {
            while (buffer.isEmpty() && !buffer.ended() && !state.over() && !buffer.discarding()) {
                changed.await();
            }
            if (buffer.discarding()) {
                throw new IOException("The stream is closed.");
            }
            if (buffer.isEmpty()) {
                if (state.failed()) {
                    throw state.failureAsIo();
                }
                return -1;
            }
            count = buffer.take(target, offset, length);
            due = state.over() ? 0 : buffer.claimCredit();
        } catch (InterruptedException e) {
            throw state.interrupted(e);
        } finally {
            lock.unlock();
        }
        sendCredit(subchannel, due);
        return count;
    }

    /**
     * Waits until one of the subchannels has something or all have ended: its number, or 0, or {@link #NOT_YET} when the time is over. A failure shows when
     * that subchannel is read.
     */
    int awaitOutput(Deadline deadline) throws IOException {
        lock.lock();
        try {
            while (true) {
                boolean more = false;
                for (int i = 0; i < received.length; i++) {
                    if (!received[i].isEmpty()) {
                        return i + 1;
                    }
                    more |= !received[i].ended() && !received[i].discarding();
                }
                if (state.failed()) {
                    throw state.failureAsIo();
                }
                if (state.over() || !more) {
                    return 0;
                }
                if (deadline.isOver()) {
                    return NOT_YET;
                }
                changed.awaitNanos(deadline.left());
            }
        } catch (InterruptedException e) {
            throw state.interrupted(e);
        } finally {
            lock.unlock();
        }
    }

    int available(int subchannel) {
        lock.lock();
        try {
            return received[subchannel - 1].available();
        } finally {
            lock.unlock();
        }
    }

    /** Drops what a subchannel holds and whatever it still brings, so that nobody in the guest waits for a reader who has left. */
    void discard(int subchannel) {
        lock.lock();
        try {
            received[subchannel - 1].discard();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        returnCredit(subchannel);
    }

    /** Grants what is owed for a subchannel. */
    void returnCredit(int subchannel) {
        int due;
        lock.lock();
        try {
            due = state.over() ? 0 : received[subchannel - 1].claimCredit();
        } finally {
            lock.unlock();
        }
        try {
            sendCredit(subchannel, due);
        } catch (IOException e) {
            // The link is down, and everybody who waits for this stream has been told.
            return;
        }
    }

    private void sendCredit(int subchannel, int due) throws IOException {
        if (due > 0) {
            byte[] payload = new FrameWriter(state.operation()).u32(due).payload();
            state.sendAsIo(FrameType.CREDIT, subchannel, payload);
        }
    }
}
