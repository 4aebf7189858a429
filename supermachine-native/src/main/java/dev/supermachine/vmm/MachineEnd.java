package dev.supermachine.vmm;

import org.jspecify.annotations.Nullable;

/**
 * Why a machine's processors run no more.
 *
 * @param reason in words, a clause without a full stop
 * @param failure what went wrong in this process, if that is the reason
 */
record MachineEnd(String reason, @Nullable Throwable failure) {

    /** One that the guest or KVM is the reason of. */
    MachineEnd(String reason) {
        this(reason, null);
    }
}
