package dev.supermachine.pool;

import java.io.IOException;

/** Measures memory. */
@FunctionalInterface
interface MemoryProbe {

    /**
     * The memory at this moment.
     *
     * @throws IOException if it cannot be measured
     */
    MemoryReading read() throws IOException;
}
