package dev.supermachine.pool;

import dev.supermachine.Image;
import dev.supermachine.VmConfig;
import dev.supermachine.pool.MachineSource.LiveMachine;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Who lends a machine to its holder. */
interface MachineOwner {

    /**
     * A machine as the snapshot left it: the holder's own, brought back to it, or another one in its place.
     *
     * @param old the holder's machine, which is not his any more whatever happens; null if he has none
     * @param config what distinguishes the new one
     * @return the machine, running
     */
    LiveMachine replace(@Nullable LiveMachine old, VmConfig config);

    /**
     * Writes a snapshot of a holder's machine, which goes on.
     *
     * @param machine his machine
     * @param directory where
     * @return an image of it
     */
    Image snapshot(LiveMachine machine, Path directory);

    /**
     * Takes note that a holder has given up, and takes back what he had. Once for each holder.
     *
     * @param vm the holder's object
     * @param machine his machine, which is not his any more; null if he has none, or it is kept as it is
     */
    void released(LeasedVm vm, @Nullable LiveMachine machine);
}
