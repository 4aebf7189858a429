package dev.supermachine.bake;

/**
 * When a bake captures: one pure function over what was observed, so that it can be tested without a machine. Acting on the answer is {@link GuestBake}'s
 * part.
 */
final class CaptureTrigger {

    private CaptureTrigger() {}

    /** What to do next. */
    enum Decision {
        /** Nothing is due; look again when something changes. */
        WAIT,
        /** Execute the workload. */
        START_WORKLOAD,
        /** Let the workload come to rest: what is ready may still be busy with its start (docs/decisions/0003). */
        SETTLE,
        /** Run the warm-up. */
        WARM_UP,
        /** Take the snapshot now. */
        CAPTURE,
        /** Give up: the workload ended before it was ready. */
        FAIL_WORKLOAD_EXITED,
        /** Give up: the time is over. */
        FAIL_DEADLINE,
        /** Give up: the condition cannot be met any more. */
        FAIL_UNATTAINABLE
    }

    /**
     * What is known about the machine.
     *
     * @param readyToExec the agent has accepted the workload's description
     * @param started the workload was executed
     * @param ready the condition for the capture was met
     * @param settled what has run in the machine since, or nothing, was given its time to come to rest
     * @param warmupDue a warm-up has yet to run
     * @param unattainable the condition has failed for good
     * @param workloadExited the workload has ended, and nothing of it is left to be looked at
     * @param deadlinePassed the time is over
     */
    record Observed(
            boolean readyToExec,
            boolean started,
            boolean ready,
            boolean settled,
            boolean warmupDue,
            boolean unattainable,
            boolean workloadExited,
            boolean deadlinePassed) {}

    /**
     * Decides; the first rule that matches wins. A condition that was met counts even if the workload itself has ended, because a workload may leave its
     * service running in the background, and even if the deadline has passed, because it was reached. What is ready settles, is warmed up if it is to be, and then
     * settles again.
     *
     * @param runningService whether the snapshot is to hold the running service
     * @param observed what is known
     * @return what to do
     */
    static Decision decide(boolean runningService, Observed observed) {
        if ((observed.readyToExec() && !runningService) || (observed.started() && observed.ready())) {
            if (!observed.settled()) {
                return Decision.SETTLE;
            }
            return observed.warmupDue() ? Decision.WARM_UP : Decision.CAPTURE;
        }
        if (observed.started() && observed.workloadExited()) {
            return Decision.FAIL_WORKLOAD_EXITED;
        }
        if (observed.deadlinePassed()) {
            return Decision.FAIL_DEADLINE;
        }
        if (observed.started() && observed.unattainable()) {
            return Decision.FAIL_UNATTAINABLE;
        }
        if (observed.readyToExec() && !observed.started()) {
            return Decision.START_WORKLOAD;
        }
        return Decision.WAIT;
    }
}
