package dev.supermachine.pool;

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

    /** Gives the memory back. Further calls do nothing. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            ledger.release(entry);
        }
    }
}
