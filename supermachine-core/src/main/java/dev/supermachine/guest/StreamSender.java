package dev.supermachine.guest;

import java.io.IOException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** What the host sends on subchannel 0 of a stream, as far as the guest has granted credit. Thread-safe. */
final class StreamSender {

    private static final long MAX_CREDIT = 16L * 1024 * 1024;

    private final StreamState state;
    private final boolean takesInput;
    private final ReentrantLock lock;
    private final Condition changed;
    private long credit;
    private boolean ended;

    /** For one stream, as its kind says what may be sent when. */
    StreamSender(StreamState state, StreamKind kind) {
        this.state = state;
        this.takesInput = kind.takesInput();
        this.credit = kind.earlyCredit();
        this.lock = state.lock();
        this.changed = state.changed();
    }

    /** Takes in credit, on the reading thread, which holds the lock. */
    void grant(long more) throws ProtocolException {
        credit += more;
        if (credit > MAX_CREDIT || (!takesInput && more > 0)) {
            throw new ProtocolException("CREDIT that makes a window of " + credit + " bytes");
        }
    }

    /** Sends as an OutputStream does, waiting for credit. */
    void write(byte[] source, int offset, int length) throws IOException {
        int at = offset;
        int end = offset + length;
        while (at < end) {
            int count = claimCredit(Math.min(GuestStream.CHUNK, end - at));
            byte[] payload = new byte[count];
            System.arraycopy(source, at, payload, 0, count);
            state.sendAsIo(FrameType.DATA, 0, payload);
            at += count;
        }
    }

    private int claimCredit(int wanted) throws IOException {
        lock.lock();
        try {
            while (credit == 0 && !state.over() && !ended) {
                changed.await();
            }
            requireWritable();
            int count = (int) Math.min(wanted, credit);
            credit -= count;
            return count;
        } catch (InterruptedException e) {
            throw state.interrupted(e);
        } finally {
            lock.unlock();
        }
    }

    private void requireWritable() throws IOException {
        if (ended) {
            throw new IOException("The stream is closed.");
        }
        if (state.over()) {
            throw state.failed()
                    ? state.failureAsIo()
                    : new IOException("Machine '" + state.link().machine()
                            + "': the other end of the stream has ended; cannot " + state.operation());
        }
    }

    /**
     * Lets nothing more be written; whoever holds the lock.
     *
     * @return whether the guest is to be told, by {@link #sendEnd()}
     */
    boolean end() {
        boolean first = !ended && !state.over();
        ended = true;
        return first;
    }

    /** Whether nothing more is written; whoever holds the lock. */
    boolean ended() {
        return ended;
    }

    void sendEnd() throws IOException {
        state.sendAsIo(FrameType.EOF, 0, Frame.NOTHING);
    }
}
