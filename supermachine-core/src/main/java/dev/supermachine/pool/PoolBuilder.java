package dev.supermachine.pool;

import dev.supermachine.VmPool;
import java.time.Duration;

/**
 * Describes a pool over a source of machines.
 *
 * @since 0.1
 */
public final class PoolBuilder implements VmPool.Builder {

    private static final Duration DEFAULT_IDLE_TIMEOUT = Duration.ofSeconds(60);

    private final MachineSource source;
    private int min = 1;
    private int max = 2 * Runtime.getRuntime().availableProcessors();
    private Duration idleTimeout = DEFAULT_IDLE_TIMEOUT;
    private Duration acquireTimeout;

    /**
     * A builder with the defaults.
     *
     * @param source where the machines come from
     * @param acquireTimeout how long to wait unless set
     */
    public PoolBuilder(MachineSource source, Duration acquireTimeout) {
        this.source = source;
        this.acquireTimeout = acquireTimeout;
    }

    @Override
    public VmPool.Builder min(int count) {
        if (count < 0) {
            throw new IllegalArgumentException("The minimum of a pool is 0 or more, but was: " + count);
        }
        min = count;
        return this;
    }

    @Override
    public VmPool.Builder max(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("The maximum of a pool is 1 or more, but was: " + count);
        }
        max = count;
        return this;
    }

    @Override
    public VmPool.Builder idleTimeout(Duration time) {
        idleTimeout = notNegative("idle time-out", time);
        return this;
    }

    @Override
    public VmPool.Builder acquireTimeout(Duration time) {
        acquireTimeout = notNegative("acquire time-out", time);
        return this;
    }

    @Override
    public VmPool build() {
        if (min > max) {
            throw new IllegalArgumentException(
                    "The minimum of a pool must not be above its maximum, but they were " + min + " and " + max + ".");
        }
        return new MachinePool(source, min, max, idleTimeout, acquireTimeout, System::nanoTime);
    }

    private static Duration notNegative(String what, Duration time) {
        if (time.isNegative()) {
            throw new IllegalArgumentException("A pool's " + what + " must not be negative, but was: " + time);
        }
        return time;
    }
}
