package dev.supermachine;

import java.time.Duration;
import org.apiguardian.api.API;

/**
 * Machines of one image, ready to be handed out. Every holder finds the snapshot and nothing of the holder before. Thread-safe. Closing ends all of its
 * machines, those in use included.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface VmPool extends AutoCloseable {

    /**
     * Takes a machine, waiting while the maximum is in use or memory is short.
     *
     * @return a running machine, as the snapshot left it; closing it gives it back
     * @throws AcquireException if the acquire time-out passes, naming who holds what, or the thread is interrupted (which it stays)
     * @throws EngineException if the engine cannot restore it
     * @throws MachineException if its agent does not answer
     * @throws IllegalStateException if the pool is closed
     */
    default Vm acquire() {
        return acquire(VmConfig.defaults());
    }

    /**
     * Takes a machine with values of its own.
     *
     * @param config what distinguishes it; memory and vCPUs, if given, must be those baked
     * @return as {@link #acquire()}
     * @throws AcquireException as {@link #acquire()}; if the limit of {@link VmConfig#withRestoreTimeout(Duration)} is over; and if the guest does not take
     *     one of the configuration's files
     * @throws EngineException if the engine cannot restore it
     * @throws MachineException if its agent does not answer
     * @throws IllegalArgumentException if memory or vCPUs differ from those baked, or the environment does not fit into a request of 64 KiB
     * @throws IllegalStateException if the pool is closed
     * @throws java.io.UncheckedIOException if a file of this host that the configuration names cannot be read
     */
    Vm acquire(VmConfig config);

    /**
     * What the pool holds at this moment.
     *
     * @return a snapshot of its counters
     */
    Stats stats();

    /** Ends all machines and refuses further acquires. Further calls do nothing. */
    @Override
    void close();

    /**
     * A pool's counters.
     *
     * @param alive machines that are restored: idle and in use
     * @param idle of them, those that wait for a holder
     * @param inUse of them, those that have a holder
     * @param waiting callers who wait for a machine to be given back or made ready
     * @param min machines kept ready
     * @param max machines at most
     * @param acquired how often a machine was handed out
     * @param resets how often a holder has reset a machine
     */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    record Stats(int alive, int idle, int inUse, int waiting, int min, int max, long acquired, long resets) {}

    /** Describes a pool. Used by one thread. */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    interface Builder {

        /**
         * How many machines are kept ready, as far as the maximum and memory allow.
         *
         * @param count 0 or more, 1 unless set; 0 restores only on demand
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        Builder min(int count);

        /**
         * How many machines are in use or ready at most.
         *
         * @param count 1 or more; unless set, twice the number of processors
         * @return this
         * @throws IllegalArgumentException if it is less than 1
         */
        Builder max(int count);

        /**
         * After what time a ready machine above the minimum is ended.
         *
         * @param time 60 seconds unless set
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        Builder idleTimeout(Duration time);

        /**
         * How long {@link VmPool#acquire()} waits.
         *
         * @param time the setting {@code supermachine.acquire.timeout} unless set
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        Builder acquireTimeout(Duration time);

        /**
         * Builds the pool; the machines kept ready are restored in the background.
         *
         * @return the pool; the caller closes it
         * @throws IllegalArgumentException if the minimum is above the maximum
         */
        VmPool build();
    }
}
