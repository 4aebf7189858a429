package dev.supermachine.pool;

/**
 * How much memory there is for machines at a moment.
 *
 * @param availableMib what could be taken now without hurting anybody, in MiB
 * @param ceilingMib what this process could ever have, were everything else gone, in MiB
 * @param origin where the figures come from, for messages
 */
record MemoryReading(long availableMib, long ceilingMib, String origin) {}
