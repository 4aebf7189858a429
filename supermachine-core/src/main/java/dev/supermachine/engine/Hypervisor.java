package dev.supermachine.engine;

import java.util.Set;

/**
 * An engine: a way to run machines. Found by {@link java.util.ServiceLoader}; of those usable, the one with the highest {@link #preference()} is taken.
 * Implementations are thread-safe and hold no machines of their own: whoever gets a {@link Machine} or {@link Prepared} closes it.
 */
public interface Hypervisor {

    /**
     * The engine's name, part of every fingerprint.
     *
     * @return {@code kvm}, {@code qemu-kvm} or {@code qemu-tcg}
     */
    String id();

    /**
     * Which engine is taken when several are usable.
     *
     * @return a number; higher is better
     */
    int preference();

    /**
     * Whether this engine can run machines here. The first call may take seconds, because it tries; later ones answer from memory.
     *
     * @return usable or not, with the reason
     */
    Availability probe();

    /**
     * What this engine can do beyond the rest. The core asks for these, never for the id.
     *
     * @return the capabilities
     */
    Set<Capability> capabilities();

    /**
     * Everything of this engine that a snapshot depends on: its version, the CPU model, the TSC frequency where it matters. Part of every fingerprint; a
     * snapshot of another identity is not restored.
     *
     * @return a short text, the same on every call in a process
     * @throws dev.supermachine.EngineException if the engine is not usable
     */
    String identity();

    /**
     * Starts a machine from its kernel, for a bake.
     *
     * @param spec what to boot
     * @return the machine, running; its agent may not be up yet
     * @throws dev.supermachine.EngineException if it cannot be started
     */
    Machine boot(MachineSpec spec);

    /**
     * Does all of a restore that can be done before anyone wants the machine.
     *
     * @param snapshot what to restore
     * @return a machine that is restored but does not run
     * @throws dev.supermachine.EngineException if it cannot be restored
     */
    Prepared prepare(SnapshotSource snapshot);
}
