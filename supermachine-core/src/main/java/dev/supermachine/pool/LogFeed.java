package dev.supermachine.pool;

import dev.supermachine.MachineException;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.guest.GuestLog;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands the workload's lines to a holder's consumer, on a thread of its own, over all machines that the holder gets one after the other. What the consumer does
 * not take stays in the guest, which keeps a bounded part of it: nothing waits for a consumer but this thread. Thread-safe.
 */
final class LogFeed implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LogFeed.class);
    private static final Duration LOOK = Duration.ofSeconds(60);

    private final String machine;
    private final Consumer<String> consumer;

    private @Nullable GuestClient next;
    private boolean closed;
    private boolean started;

    /** Not guarded: of the thread alone. */
    private boolean dropped;

    LogFeed(String machine, Consumer<String> consumer) {
        this.machine = machine;
        this.consumer = consumer;
    }

    /** Goes on with the output of another run, once that of the one before has been handed out to its end. */
    synchronized void attach(GuestClient guest) {
        next = guest;
        if (!started) {
            started = true;
            Thread thread = new Thread(this::run, "supermachine-log-" + machine);
            thread.setDaemon(true);
            try {
                thread.start();
            } catch (OutOfMemoryError e) {
                // the machine is worth more than its lines
                LOG.warn(
                        "There is no room for a thread that hands out the lines of '{}': nobody gets them", machine, e);
            }
        }
        notifyAll();
    }

    /** Hands out nothing more, but for a line that is being handed out. Does not wait. */
    @Override
    public synchronized void close() {
        closed = true;
        notifyAll();
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private void run() {
        for (GuestClient guest = await(); guest != null; guest = await()) {
            follow(guest);
            if (dropped) {
                return;
            }
        }
    }

    private synchronized @Nullable GuestClient await() {
        while (next == null && !closed) {
            try {
                wait();
            } catch (InterruptedException e) {
                // by nobody: this thread belongs to this object; a consumer who does it has it as his last word
                return null;
            }
        }
        GuestClient guest = closed ? null : next;
        next = null;
        return guest;
    }

    private void follow(GuestClient guest) {
        LineOutput out = new LineOutput(this::hand);
        LineOutput err = new LineOutput(this::hand);
        try (GuestLog log = guest.logsOfRun()) {
            int count;
            do {
                count = log.poll(LOOK, out, err);
            } while (count >= 0 && !dropped && !isClosed());
        } catch (MachineException e) {
            // as a rule because the holder has reset or closed the machine; what is wrong otherwise is told by other
            // calls
            LOG.debug("The output of '{}' is not followed any more: {}", machine, e.getMessage());
        } catch (IOException e) {
            throw new IllegalStateException("lines are taken in memory", e);
        }
        out.flushRest();
        err.flushRest();
    }

    private void hand(String line) {
        if (dropped || isClosed()) {
            return;
        }
        try {
            consumer.accept(line);
        } catch (RuntimeException | Error e) {
            dropped = true;
            LOG.warn(
                    "The log consumer of the machine '{}' failed and gets no more lines. The machine is not affected.",
                    machine,
                    e);
        }
    }
}
