package dev.supermachine.guest;

/** What came of watching ports in the guest. */
public enum ListenState {
    /** Something listens on all of them. */
    LISTENING,
    /** The time was over first. */
    TIMED_OUT,
    /** The workload ended first. */
    WORKLOAD_ENDED
}
