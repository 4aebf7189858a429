package dev.supermachine.vmm;

/** A machine's state, as read from a file, that is cut, damaged or not of this machine. */
public final class StateFormatException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /**
     * One with a message.
     *
     * @param message what was expected and what was found
     */
    public StateFormatException(String message) {
        super(message);
    }
}
