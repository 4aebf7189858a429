package dev.supermachine.engine;

/** What some engines can do and others cannot. */
public enum Capability {
    /** {@link Machine#rewind()} brings a running machine back to its snapshot, much quicker than another one would be prepared. */
    RESET_IN_PLACE
}
