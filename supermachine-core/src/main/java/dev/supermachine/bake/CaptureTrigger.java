package dev.supermachine.bake;

/**
 * When a bake captures: one pure function over what was observed, so that it can be tested without a machine. Acting on the answer is {@link Baker}'s part.
 */
final class CaptureTrigger {

    private CaptureTrigger() {}

    /** What to do next. */
    enum Decision {
        /** Nothing is due; look again when something changes. */
        WAIT,
        /** Execute the workload. */
        START_WORKLOAD,
        /** Take the snapshot now. */
        CAPTURE,
        /** Give up: the workload ended before it listened. */
        FAIL_WORKLOAD_EXITED,
        /** Give up: the time is over. */
        FAIL_DEADLINE
    }

    /**
     * What is known about the machine.
     *
     * @param readyToExec the agent has accepted the workload's description
     * @param started the workload was executed
     * @param listenerUp the guest's socket tables show a listener on the guest port
     * @param workloadExited the workload has ended
     * @param deadlinePassed the time for the bake is over
     */
    record Observed(
            boolean readyToExec, boolean started, boolean listenerUp, boolean workloadExited, boolean deadlinePassed) {}

    /**
     * Decides; the first rule that matches wins. A listener counts even if the workload itself has ended, because a workload may leave its service running
     * in the background; readiness counts even if the deadline has passed, because it was reached.
     *
     * @param listenerRequired whether the snapshot is to hold the running service
     * @param observed what is known
     * @return what to do
     */
    static Decision decide(boolean listenerRequired, Observed observed) {
        if (observed.readyToExec() && !listenerRequired) {
            return Decision.CAPTURE;
        }
        if (observed.started() && observed.listenerUp()) {
            return Decision.CAPTURE;
        }
        if (observed.started() && observed.workloadExited()) {
            return Decision.FAIL_WORKLOAD_EXITED;
        }
        if (observed.deadlinePassed()) {
            return Decision.FAIL_DEADLINE;
        }
        if (observed.readyToExec() && !observed.started()) {
            return Decision.START_WORKLOAD;
        }
        return Decision.WAIT;
    }
}
