package dev.supermachine.pool;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/** Memory that a machine may take, from before its start until it has ended. Thread-safe. */
public final class Booking implements AutoCloseable {

    private final MemoryLedger ledger;
    private final LedgerEntry entry;
    private final AtomicBoolean closed = new AtomicBoolean();

    Booking(MemoryLedger ledger, LedgerEntry entry) {
        this.ledger = ledger;
        this.entry = entry;
    }

    /**
     * How much it is.
     *
     * @return MiB
     */
    public int mib() {
        return entry.mib();
    }

    /** Where it is booked. */
    Path ledgerDirectory() {
        return ledger.directory();
    }

    /** Leaves the memory to another process, which has a name in the ledger already; this booking is closed by it. */
    void moveTo(String owner, long pid) {
        if (closed.compareAndSet(false, true)) {
            ledger.move(entry, owner, pid);
        }
    }

    /** Gives the memory back. Further calls do nothing. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            ledger.release(entry);
        }
    }
}
