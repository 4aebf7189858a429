package dev.supermachine.vmm;

/** A virtqueue as no driver may lay it out. Made at will by a hostile guest, so without a stack trace. */
final class BrokenRingException extends RuntimeException {

    private static final long serialVersionUID = 1;

    BrokenRingException(String message) {
        super(message, null, false, false);
    }
}
