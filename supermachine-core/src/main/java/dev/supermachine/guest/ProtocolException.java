package dev.supermachine.guest;

/** The guest sent what the protocol forbids. The one exception that bytes from a guest can cause while they are decoded. */
final class ProtocolException extends Exception {

    private static final long serialVersionUID = 1L;

    ProtocolException(String message) {
        super(message);
    }
}
