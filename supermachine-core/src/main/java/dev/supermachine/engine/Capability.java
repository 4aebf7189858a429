package dev.supermachine.engine;

/** What some engines can do and others cannot. */
public enum Capability {
    /** {@link Machine#reset(Activation)} brings a running machine back to its snapshot. */
    RESET_IN_PLACE
}
