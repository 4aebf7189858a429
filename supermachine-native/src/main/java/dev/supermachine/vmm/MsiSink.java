package dev.supermachine.vmm;

/** Where message-signalled interrupts go: the local APICs. Thread-safe. */
@FunctionalInterface
interface MsiSink {

    /**
     * Delivers an interrupt. After the machine has ended, nothing happens. Address and data are as in Intel's manual, volume 3, section "Message Signalled
     * Interrupts"; a guest chooses most of their bits.
     *
     * @param address 0xFEE00000 with the destination
     * @param data the vector and how it is delivered
     */
    void send(long address, int data);
}
