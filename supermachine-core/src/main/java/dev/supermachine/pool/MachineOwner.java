package dev.supermachine.pool;

import dev.supermachine.VmConfig;
import dev.supermachine.pool.MachineSource.LiveMachine;

/** Who lends a machine to its holder. */
interface MachineOwner {

    /**
     * A machine as the snapshot left it, to replace a holder's own, which is ended already.
     *
     * @param config what distinguishes it
     * @return the machine, running
     */
    LiveMachine replace(VmConfig config);

    /**
     * Takes note that a holder has given up. Further calls for the same holder do nothing.
     *
     * @param vm the holder's object; its machine is ended already
     */
    void released(LeasedVm vm);
}
