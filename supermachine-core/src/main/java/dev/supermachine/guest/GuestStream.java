package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.engine.Deadline;
import dev.supermachine.engine.OutputTail;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One stream: what came and was not read yet, the credit in both directions, and how it ended. Frames come in on the client's reading thread, which never
 * waits here; consumers and producers wait for it. Thread-safe.
 */
final class GuestStream {

    /** Largest DATA the host sends, so that streams take turns often. */
    static final int CHUNK = 16 * 1024;

    /** No output has come in time. */
    static final int NOT_YET = -1;

    private static final long MAX_CREDIT = 16L * 1024 * 1024;

    private final Streams streams;
    private final AgentLink link;
    private final StreamKind kind;
    private final String operation;
    private final int number;
    private final @Nullable OutputTail tail;
    private final int epoch;
    private final ReceiveBuffer[] received;
    private final CompletableFuture<FrameReader> result = new CompletableFuture<>();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long credit;
    private boolean inputEnded;
    private @Nullable FrameReader opened;
    private boolean over;
    private @Nullable FrameReader answer;
    private @Nullable Supplier<MachineException> failure;
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
        this.link = link;
        this.kind = kind;
        this.operation = operation;
        this.number = number;
        this.tail = tail;
        this.epoch = link.epoch();
        this.received = new ReceiveBuffer[kind.outputs()];
        for (int i = 0; i < received.length; i++) {
            received[i] = new ReceiveBuffer(window);
            if (tail != null) {
                received[i].discard();
            }
        }
    }

    int number() {
        return number;
    }

    /** What this stream does, as a phrase that follows "cannot". */
    String operation() {
        return operation;
    }

    // What the guest sends, on the reading thread.

    void receive(Frame frame) throws ProtocolException {
        lock.lock();
        try {
            if (over) {
                return;
            }
            apply(frame);
            updateFinishing();
            changed.signalAll();
        } catch (ProtocolException e) {
            throw new ProtocolException(e.getMessage() + " (" + kind + ", stream " + number + ")");
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
                grant(in.u32());
                opened = in;
            }
            case DATA -> {
                ReceiveBuffer buffer = buffer(frame);
                buffer.put(frame.payload());
                if (tail != null) {
                    tail.append(ByteBuffer.wrap(frame.payload()));
                }
                if (buffer.discarding()) {
                    streams.returnCreditLater(this, frame.flags());
                }
            }
            case EOF -> {
                in.end();
                buffer(frame).end();
            }
            case CREDIT -> {
                requireOpened(frame);
                if (frame.flags() != 0) {
                    throw new ProtocolException("CREDIT for subchannel " + frame.flags());
                }
                grant(in.u32());
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
                finish(null, () -> GuestErrors.refused(link, operation, code, message));
            }
            default -> throw new ProtocolException("a frame of " + frame.type() + ", which only the host sends");
        }
    }

    private void updateFinishing() {
        boolean outputs = true;
        for (ReceiveBuffer buffer : received) {
            outputs &= buffer.ended();
        }
        finishing = over || (kind == StreamKind.CONNECT && inputEnded && outputs);
    }

    private void grant(long more) throws ProtocolException {
        credit += more;
        if (credit > MAX_CREDIT || (!kind.takesInput() && more > 0)) {
            throw new ProtocolException("CREDIT that makes a window of " + credit + " bytes");
        }
    }

    private ReceiveBuffer buffer(Frame frame) throws ProtocolException {
        requireOpened(frame);
        int subchannel = frame.flags();
        if (subchannel < 1 || subchannel > received.length) {
            throw new ProtocolException(frame.type() + " on subchannel " + subchannel);
        }
        return received[subchannel - 1];
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
        if (over) {
            return;
        }
        over = true;
        answer = answered;
        failure = failed;
        streams.remove(this);
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

    // What the host's side does.

    /** Waits until the guest has said that the stream is open. */
    FrameReader awaitOpened(Deadline deadline) {
        lock.lock();
        try {
            while (opened == null && !over) {
                await(deadline);
            }
            if (opened == null) {
                throw failureNow();
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
            while (!over) {
                await(deadline);
            }
            if (answer == null) {
                throw failureNow();
            }
            return answer;
        } finally {
            lock.unlock();
        }
    }

    /** The result, once. */
    CompletableFuture<FrameReader> result() {
        return result;
    }

    boolean over() {
        lock.lock();
        try {
            return over;
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

    @SuppressWarnings("WaitNotInLoop") // the callers loop
    private void await(Deadline deadline) {
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

    private MachineException failureNow() {
        return failure != null
                ? failure.get()
                : link.error("the request to " + operation + " was given up by the caller", null);
    }

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
            while (buffer.isEmpty() && !buffer.ended() && !over && !buffer.discarding()) {
                changed.await();
            }
            if (buffer.discarding()) {
                throw new IOException("The stream is closed.");
            }
            if (buffer.isEmpty()) {
                if (over && answer == null) {
                    throw asIo(failureNow());
                }
                return -1;
            }
            count = buffer.take(target, offset, length);
            due = over ? 0 : buffer.claimCredit();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interrupted(e);
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
                if (over && answer == null) {
                    throw asIo(failureNow());
                }
                if (over || !more) {
                    return 0;
                }
                if (deadline.isOver()) {
                    return NOT_YET;
                }
                changed.awaitNanos(deadline.left());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interrupted(e);
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
            due = over ? 0 : received[subchannel - 1].claimCredit();
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
            byte[] payload = new FrameWriter(operation).u32(due).payload();
            sendAsIo(Frame.ofStream(FrameType.CREDIT, subchannel, number, epoch, payload));
        }
    }

    /** Sends on subchannel 0 as an OutputStream does, waiting for credit. */
    void write(byte[] source, int offset, int length) throws IOException {
        int at = offset;
        int end = offset + length;
        while (at < end) {
            int count = claimSendCredit(Math.min(CHUNK, end - at));
            byte[] payload = new byte[count];
            System.arraycopy(source, at, payload, 0, count);
            sendAsIo(Frame.ofStream(FrameType.DATA, 0, number, epoch, payload));
            at += count;
        }
    }

    private int claimSendCredit(int wanted) throws IOException {
        lock.lock();
        try {
            while (credit == 0 && !over && !inputEnded) {
                changed.await();
            }
            requireWritable();
            int count = (int) Math.min(wanted, credit);
            credit -= count;
            return count;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interrupted(e);
        } finally {
            lock.unlock();
        }
    }

    private void requireWritable() throws IOException {
        if (inputEnded) {
            throw new IOException("The stream is closed.");
        }
        if (over) {
            throw answer == null
                    ? asIo(failureNow())
                    : new IOException("Machine '" + link.machine() + "': the other end of the stream has ended; cannot "
                            + operation);
        }
    }

    /** Ends subchannel 0. Further calls do nothing. */
    void endInput() throws IOException {
        lock.lock();
        try {
            if (inputEnded || over) {
                inputEnded = true;
                return;
            }
            inputEnded = true;
            updateFinishing();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        sendAsIo(Frame.ofStream(FrameType.EOF, 0, number, epoch));
    }

    /** Sends a frame that belongs to this stream, unless it is over. */
    void send(FrameType type, byte[] payload) {
        if (!over()) {
            link.send(Frame.ofStream(type, 0, number, epoch, payload));
        }
    }

    /** Abandons the stream if it is not over. Nobody is left hanging; further calls do nothing. */
    void reset() {
        lock.lock();
        try {
            if (over) {
                return;
            }
            over = true;
            failure = () -> link.error("the request to " + operation + " was given up by the caller", null);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        result.completeExceptionally(failureNow());
        try {
            link.send(Frame.ofStream(FrameType.RESET, 0, number, epoch));
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

    private void sendAsIo(Frame frame) throws IOException {
        try {
            link.send(frame);
        } catch (MachineException e) {
            throw asIo(e);
        }
    }

    /** With the headline only: what the guest left behind is in the cause. */
    private static IOException asIo(MachineException e) {
        return new IOException(GuestErrors.headline(e), e);
    }

    private InterruptedIOException interrupted(InterruptedException cause) {
        InterruptedIOException exception =
                new InterruptedIOException("Machine '" + link.machine() + "': interrupted; cannot " + operation);
        exception.initCause(cause);
        return exception;
    }
}
