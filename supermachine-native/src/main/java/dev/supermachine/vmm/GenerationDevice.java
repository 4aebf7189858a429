package dev.supermachine.vmm;

import java.nio.ByteBuffer;

/**
 * Tells a guest that it was copied: 16 bytes that differ from copy to copy, and an interrupt when they have changed. Linux mixes the bytes into its random numbers
 * then. It has no state but the guest's memory.
 */
final class GenerationDevice {

    /** The length of an identifier. */
    static final int LENGTH = 16;

    private final GuestMemory memory;
    private final InterruptLine interrupt;

    /** One that interrupts by {@link MachineLayout#GENERATION_GSI}. */
    GenerationDevice(GuestMemory memory, InterruptLine interrupt) {
        this.memory = memory;
        this.interrupt = interrupt;
    }

    /**
     * Writes the identifier before the guest boots.
     *
     * @param id 16 random bytes
     */
    void place(byte[] id) {
        if (id.length != LENGTH) {
            throw new IllegalArgumentException(
                    "Expected a generation identifier of " + LENGTH + " bytes, but got " + id.length);
        }
        memory.write(MachineLayout.GENERATION_ID, ByteBuffer.wrap(id));
    }

    /**
     * Writes another identifier and tells the guest; after all other state has been restored, because that includes pending interrupts.
     *
     * @param id 16 random bytes
     */
    void renew(byte[] id) {
        place(id);
        interrupt.pulse();
    }
}
