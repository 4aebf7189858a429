package dev.supermachine.vmm;

/**
 * Why a guest ended its machine.
 *
 * @since 0.1
 */
public enum EndCause {

    /** It powered off. */
    POWER_OFF,

    /** It wanted to be reset: a reboot, or a panic. */
    RESET
}
