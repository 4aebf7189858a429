package dev.supermachine.bake;

/**
 * Gives the machine of a bake its memory, waiting for it if need be.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface BakeMemory {

    /**
     * Takes memory.
     *
     * @param machine the machine's name
     * @param mib how much, in MiB
     * @return the memory, to be given back when the machine has ended
     * @throws dev.supermachine.AcquireException if there is not enough in time
     */
    Held take(String machine, int mib);

    /** Memory that a machine has. */
    interface Held extends AutoCloseable {

        /** Gives it back. */
        @Override
        void close();
    }
}
