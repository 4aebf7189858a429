package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.engine.Deadline;
import dev.supermachine.engine.OutputTail;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One stream, from its opening to its end. Frames come in on the client's reading thread, which never waits here; consumers and producers wait for it, each in
 * the direction that it uses. Thread-safe.
 */
final class GuestStream {

    /** Largest DATA the host sends, so that streams take turns often. */
    static final int CHUNK = 16 * 1024;

    private final Streams streams;
    private final StreamKind kind;
    private final StreamState state;
    private final StreamReceiver receiver;
    private final StreamSender sender;
    private final ReentrantLock lock;

    private @Nullable FrameReader opened;
    private boolean noSuchFile;
    private volatile boolean finishing;

    /** A stream whose outputs are read here, or, with a tail, go there as they come and are not kept otherwise. */
    GuestStream(
            Streams streams,
            AgentLink link,
            StreamKind kind,
            String operation,
            int number,
            int window,
            @Nullable OutputTail tail) {
        this.streams = streams;
        this.kind = kind;
        this.state = new StreamState(link, operation, number);
        this.receiver = new StreamReceiver(state, kind.outputs(), window, tail);
        this.sender = new StreamSender(state, kind);
        this.lock = state.lock();
    }

    int number() {
        return state.number();
    }

    StreamKind kind() {
        return kind;
    }

    /** What this stream does, as a phrase that follows "cannot". */
    String operation() {
        return state.operation();
    }

    StreamReceiver receiver() {
        return receiver;
    }

    StreamSender sender() {
        return sender;
    }

    // What the guest sends, on the reading thread.

    void receive(Frame frame) throws ProtocolException {
        lock.lock();
        try {
            if (state.over()) {
                return;
            }
            apply(frame);
            updateFinishing();
            state.changed().signalAll();
        } catch (ProtocolException e) {
            throw new ProtocolException(e.getMessage() + " (" + kind + ", stream " + number() + ")");
        } finally {
            lock.unlock();
        }
    }

    private void apply(Frame frame) throws ProtocolException {
        FrameReader in = new FrameReader(frame);
        switch (frame.type()) {
            case OPENED -> {
                if (opened != null) {
                    throw new ProtocolException("OPENED twice");
                }
                kind.checkLength(frame);
                sender.grant(in.u32());
                opened = in;
            }
            case DATA -> {
                requireOpened(frame);
                if (receiver.receive(frame)) {
                    streams.returnCreditLater(this, frame.flags());
                }
            }
            case EOF -> {
                in.end();
                requireOpened(frame);
                receiver.receiveEnd(frame);
            }
            case CREDIT -> {
                if (kind.earlyCredit() == 0) {
                    requireOpened(frame);
                }
                if (frame.flags() != 0) {
                    throw new ProtocolException("CREDIT for subchannel " + frame.flags());
                }
                sender.grant(in.u32());
                in.end();
            }
            case RESULT -> {
                requireOpened(frame);
                kind.checkLength(frame);
                finish(in, null);
            }
            case STREAM_ERROR -> {
                long code = in.u32();
                String message = in.string();
                in.end();
                noSuchFile = code == GuestErrors.ENOENT;
                finish(null, () -> GuestErrors.refused(state.link(), operation(), code, message));
            }
            default -> throw new ProtocolException("a frame of " + frame.type() + ", which only the host sends");
        }
    }

    private void updateFinishing() {
        finishing = state.over() || (kind == StreamKind.CONNECT && sender.ended() && receiver.ended());
    }

    private void requireOpened(Frame frame) throws ProtocolException {
        if (opened == null) {
            throw new ProtocolException(frame.type() + " before OPENED");
        }
    }

    /** Ends the stream from outside: the client is down, or the machine has a new epoch. */
    void fail(Supplier<MachineException> reason) {
        lock.lock();
        try {
            finish(null, reason);
        } finally {
            lock.unlock();
        }
    }

    private void finish(@Nullable FrameReader answered, @Nullable Supplier<MachineException> failed) {
        if (!state.over()) {
            // first, so that whoever is told of the end finds the stream gone
            streams.remove(this);
            state.finish(answered, failed);
        }
    }

    // What the host's side does.

    /** Waits until the guest has said that the stream is open. */
    FrameReader awaitOpened(Deadline deadline) {
        lock.lock();
        try {
            while (opened == null && !state.over()) {
                state.await(deadline);
            }
            if (opened == null) {
                throw state.failure();
            }
            return opened;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the result. */
    FrameReader awaitResult(Deadline deadline) {
        lock.lock();
        try {
            while (!state.over()) {
                state.await(deadline);
            }
            FrameReader answer = state.answer();
            if (answer == null) {
                throw state.failure();
            }
            return answer;
        } finally {
            lock.unlock();
        }
    }

    /** The result, once. */
    CompletableFuture<FrameReader> result() {
        return state.result();
    }

    boolean over() {
        lock.lock();
        try {
            return state.over();
        } finally {
            lock.unlock();
        }
    }

    /** Whether the guest said that the file of this stream does not exist. */
    boolean noSuchFile() {
        lock.lock();
        try {
            return noSuchFile;
        } finally {
            lock.unlock();
        }
    }

    /** Ends subchannel 0. Further calls do nothing. */
    void endInput() throws IOException {
        boolean toldToGuest;
        lock.lock();
        try {
            toldToGuest = sender.end();
            if (toldToGuest) {
                updateFinishing();
                state.changed().signalAll();
            }
        } finally {
            lock.unlock();
        }
        if (toldToGuest) {
            sender.sendEnd();
        }
    }

    /** Sends a frame that belongs to this stream, unless it is over. */
    void send(FrameType type, byte[] payload) {
        if (!over()) {
            state.send(type, 0, payload);
        }
    }

    /** Abandons the stream if it is not over. Nobody is left hanging; further calls do nothing. */
    void reset() {
        if (!state.giveUp()) {
            return;
        }
        try {
            state.send(FrameType.RESET, 0, Frame.NOTHING);
        } catch (MachineException e) {
            // Nobody is there who could hear it.
            return;
        } finally {
            streams.remove(this);
        }
    }

    /** Whether both directions have ended, so that only the guest's RESULT is still to come. Takes no lock: asked under that of all streams. */
    boolean finishing() {
        return finishing;
    }
}
