package dev.supermachine.vmm;

/**
 * What belongs to a machine's state apart from its memory and vCPUs. Both methods are called while no vCPU runs and no thread of the host touches the guest; what
 * they write and read is the same sequence of fields.
 */
interface Stateful {

    /**
     * Writes the state.
     *
     * @param out where to
     */
    void save(StateWriter out);

    /**
     * Takes the place of the present state, whatever that is; what was under way is forgotten.
     *
     * @param in where from
     * @throws StateFormatException if what is read makes no sense for this device
     */
    void restore(StateReader in);
}
