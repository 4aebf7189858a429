package dev.supermachine.settings;

/**
 * What becomes of the machine of a failed test.
 *
 * @since 0.1
 */
public enum KeepOnFailure {
    /** It is ended like any other. */
    NO,

    /** It runs until the JVM ends. */
    JVM,

    /** It runs until somebody ends it. */
    DETACHED
}
