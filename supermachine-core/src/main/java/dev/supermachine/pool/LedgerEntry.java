package dev.supermachine.pool;

import dev.supermachine.text.ForeignText;

/**
 * A line of the ledger.
 *
 * @param ticket its place in the order of arrival
 * @param owner the name of the lock file that its process holds while it lives
 * @param pid that process, for people
 * @param machine the machine's name
 * @param mib what it takes, in MiB
 * @param booked whether it has its memory, or waits for it
 */
record LedgerEntry(long ticket, String owner, long pid, String machine, int mib, boolean booked) {

    private static final int SHOWN = 100;

    LedgerEntry asBooked() {
        return new LedgerEntry(ticket, owner, pid, machine, mib, true);
    }

    @Override
    public String toString() {
        return "'" + ForeignText.line(machine, SHOWN) + "' of process " + pid + " (" + mib + " MiB)";
    }
}
