package dev.supermachine.pool;

import dev.supermachine.settings.Settings;
import java.io.IOException;

/**
 * How much memory there is for machines at this moment, before what is booked is subtracted.
 *
 * @param mib in MiB
 * @param origin where the figure comes from, for people
 * @since 0.1
 */
public record MemoryRoom(long mib, String origin) {

    /**
     * Looks.
     *
     * @param settings where the budget may be set
     * @return the room
     * @throws IOException if memory cannot be measured
     */
    public static MemoryRoom now(Settings settings) throws IOException {
        if (settings.memoryBudgetMib().isPresent()) {
            return new MemoryRoom(settings.memoryBudgetMib().getAsInt(), "supermachine.memory.budget.mib");
        }
        MemoryReading reading = new LinuxMemoryProbe().read();
        return new MemoryRoom(reading.availableMib(), reading.origin());
    }
}
