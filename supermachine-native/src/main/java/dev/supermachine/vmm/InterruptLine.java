package dev.supermachine.vmm;

/** A device's way to interrupt its guest, edge-triggered. Thread-safe. */
@FunctionalInterface
interface InterruptLine {

    /** Raises and lowers the line. After the machine has ended, nothing happens. */
    void pulse();
}
