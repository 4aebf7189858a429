package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.engine.Deadline;
import dev.supermachine.engine.OutputTail;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The streams that are open, by number, and the thread that returns the credit of those whose reader has left. Thread-safe. */
final class Streams {

    static final int MAX_OPEN = 256;

    private record Debt(GuestStream stream, int subchannel) {}

    private final AgentLink link;
    private final int window;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Integer, GuestStream> open = new HashMap<>();
    /** A set: bounded by the number of open streams. */
    private final Set<Debt> debts = new LinkedHashSet<>();

    private int last;
    private @Nullable String closedBecause;
    private boolean ended;
    private @Nullable Thread housekeeper;

    Streams(AgentLink link, int window) {
        this.link = link;
        this.window = window;
    }

    /** Opens a stream and waits until the guest has opened it too. */
    GuestStream open(StreamKind kind, String operation, FrameWriter request, Deadline deadline) {
        return awaitOpened(begin(kind, operation, request), deadline);
    }

    /** Opens a stream to which is sent before the guest has opened it, which is to be awaited then. */
    GuestStream begin(StreamKind kind, String operation, FrameWriter request) {
        return begin(kind, operation, request, null);
    }

    /** Waits until the guest has opened a stream too; one that it does not open is over. */
    GuestStream awaitOpened(GuestStream stream, Deadline deadline) {
        try {
            stream.awaitOpened(deadline);
        } catch (MachineException e) {
            stream.reset();
            if (stream.noSuchFile() && stream.kind() != StreamKind.EXEC) {
                throw GuestErrors.noSuchFile(link, stream.operation());
            }
            throw e;
        }
        return stream;
    }

    /** Opens a stream whose outputs nobody reads but a tail, without waiting for the guest. */
    GuestStream follow(StreamKind kind, String operation, FrameWriter request, OutputTail tail) {
        return begin(kind, operation, request, tail);
    }

    private GuestStream begin(StreamKind kind, String operation, FrameWriter request, @Nullable OutputTail tail) {
        byte[] fields = request.payload();
        byte[] payload = new FrameWriter(operation)
                .u8(kind.code())
                .u32(window)
                .bytes(fields)
                .payload();
        GuestStream[] registered = new GuestStream[1];
        link.send(() -> {
            registered[0] = register(kind, operation, tail);
            return Frame.ofStream(FrameType.OPEN, 0, registered[0].number(), link.epoch(), payload);
        });
        return registered[0];
    }

    /** In the sender's turn, so that numbers go out in order and none goes out after a FREEZE. */
    private GuestStream register(StreamKind kind, String operation, @Nullable OutputTail tail) {
        lock.lock();
        try {
            requireOpen(operation);
            if (open.size() >= MAX_OPEN) {
                throw link.error(
                        "cannot " + operation + ": " + MAX_OPEN
                                + " processes, files and connections are open at once, which is the limit. Close some first",
                        null);
            }
            if (last == Integer.MAX_VALUE) {
                throw link.error("cannot " + operation + ": all stream numbers are used up", null);
            }
            GuestStream stream = new GuestStream(this, link, kind, operation, ++last, window, tail);
            open.put(stream.number(), stream);
            return stream;
        } finally {
            lock.unlock();
        }
    }

    /** Passes if the machine is not frozen. */
    void requireOpen(String operation) {
        lock.lock();
        try {
            if (closedBecause != null) {
                throw link.error("cannot " + operation + ": " + closedBecause, null);
            }
        } finally {
            lock.unlock();
        }
    }

    /** A frame for a stream. Those for streams that are over are dropped; for one that never was, the guest has lost its way. */
    void receive(Frame frame) throws ProtocolException {
        GuestStream stream;
        lock.lock();
        try {
            stream = open.get(frame.stream());
            if (stream == null && frame.stream() > last) {
                throw new ProtocolException("a frame of " + frame.type() + " for the stream " + frame.stream()
                        + ", which was never opened");
            }
        } finally {
            lock.unlock();
        }
        if (stream != null) {
            stream.receive(frame);
        }
    }

    /**
     * Lets no stream be opened any more, provided that none is open.
     *
     * @param because why, for whoever tries
     */
    void close(String because, Deadline deadline) {
        lock.lock();
        try {
            while (!open.isEmpty() && open.values().stream().allMatch(GuestStream::finishing)) {
                if (changed.awaitNanos(deadline.left()) <= 0) {
                    break;
                }
            }
            if (!open.isEmpty()) {
                List<String> operations = open.values().stream()
                        .map(GuestStream::operation)
                        .limit(5)
                        .toList();
                throw link.error(
                        "cannot freeze while " + open.size() + " streams are open (to "
                                + String.join("; to ", operations) + "). Close them first",
                        null);
            }
            closedBecause = because;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw link.error("interrupted while waiting for streams to end", e);
        } finally {
            lock.unlock();
        }
    }

    /** Lets streams be opened again. */
    void reopen() {
        lock.lock();
        try {
            closedBecause = null;
        } finally {
            lock.unlock();
        }
    }

    /** Fails every open stream. */
    void failAll(Supplier<MachineException> reason) {
        List<GuestStream> all;
        lock.lock();
        try {
            all = new ArrayList<>(open.values());
        } finally {
            lock.unlock();
        }
        all.forEach(stream -> stream.fail(reason));
    }

    /** Abandons every open stream. */
    void resetAll() {
        List<GuestStream> all;
        lock.lock();
        try {
            all = new ArrayList<>(open.values());
        } finally {
            lock.unlock();
        }
        all.forEach(GuestStream::reset);
    }

    /** The last number given. */
    int last() {
        lock.lock();
        try {
            return last;
        } finally {
            lock.unlock();
        }
    }

    /** Gives no number up to this one, which a client before has used. */
    void startAfter(int number) {
        lock.lock();
        try {
            last = number;
        } finally {
            lock.unlock();
        }
    }

    /** The client is over: no stream is opened any more, nothing is returned. */
    void end() {
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void remove(GuestStream stream) {
        lock.lock();
        try {
            open.remove(stream.number(), stream);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Called on the reading thread, which must not send; a thread of its own does, started when first needed. */
    void returnCreditLater(GuestStream stream, int subchannel) {
        lock.lock();
        try {
            debts.add(new Debt(stream, subchannel));
            changed.signalAll();
            if (housekeeper == null && !ended) {
                housekeeper = new Thread(this::returnCredits, "supermachine-guest-credit-" + link.machine());
                housekeeper.setDaemon(true);
                housekeeper.start();
            }
        } finally {
            lock.unlock();
        }
    }

    private void returnCredits() {
        while (true) {
            Debt debt;
            lock.lock();
            try {
                while (debts.isEmpty() && !ended) {
                    changed.awaitUninterruptibly();
                }
                if (ended) {
                    return;
                }
                debt = debts.iterator().next();
                debts.remove(debt);
            } finally {
                lock.unlock();
            }
            debt.stream().receiver().returnCredit(debt.subchannel());
        }
    }
}
