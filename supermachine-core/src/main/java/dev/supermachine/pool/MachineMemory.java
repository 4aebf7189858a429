package dev.supermachine.pool;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Books the memory of machines that somebody wants. Whoever has to wait for it comes before what the pools keep ready: they give up their idle machines, and
 * keep no further ones as long as anybody waits. Pools of this process are told at once, those of others see it in the ledger; see {@link IdleWatch}.
 *
 * @since 0.1
 */
public final class MachineMemory {

    private static final Logger LOG = LoggerFactory.getLogger(MachineMemory.class);
    private static final AtomicInteger WAITING = new AtomicInteger();

    private MachineMemory() {}

    /**
     * Books memory, waiting for it if need be.
     *
     * @param ledger where it is booked
     * @param machineName the machine, for those who have to wait for it
     * @param mib what it may take at most, in MiB
     * @param timeout how long to wait; zero to fail at once
     * @return the booking; the caller closes it when the machine has ended
     * @throws dev.supermachine.AcquireException as {@link MemoryLedger#book}
     */
    public static Booking book(MemoryLedger ledger, String machineName, int mib, Duration timeout) {
        boolean[] waits = new boolean[1];
        try {
            return ledger.book(machineName, mib, timeout, message -> {
                LOG.info("{}", message);
                if (!waits[0]) {
                    // before the pools are asked, so that a machine which is not ready yet is not kept either
                    WAITING.incrementAndGet();
                    waits[0] = true;
                }
                Spares.giveUpAllIdle();
            });
        } finally {
            if (waits[0]) {
                WAITING.decrementAndGet();
            }
        }
    }

    /** Whether somebody in this process waits for memory. */
    static boolean isAwaited() {
        return WAITING.get() > 0;
    }
}
