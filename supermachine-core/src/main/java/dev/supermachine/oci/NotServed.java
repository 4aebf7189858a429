package dev.supermachine.oci;

import dev.supermachine.ImageException;

/**
 * One server cannot be reached or does not have what it was asked for, which another server may have. Carries what is said when there is no other.
 */
final class NotServed extends Exception {

    private static final long serialVersionUID = 1L;

    private final ImageException failure;
    private final boolean unreachable;

    /**
     * @param brief what happened, in a few words, for the message about another server
     * @param unreachable whether asking this server for anything else is in vain too
     */
    NotServed(String brief, boolean unreachable, ImageException failure) {
        super(brief, failure);
        this.failure = failure;
        this.unreachable = unreachable;
    }

    ImageException failure() {
        return failure;
    }

    boolean unreachable() {
        return unreachable;
    }
}
