package dev.supermachine.guest;

import java.time.Duration;

/**
 * How a command in the guest ended.
 *
 * @param end in which way
 * @param status the exit status; for {@link End#KILLED} the signal's number; for {@link End#TIMED_OUT} the signal or status with which the process then ended
 * @param peakRssKib the largest resident set of the process, in KiB
 * @param duration how long it ran, by the guest's clock
 * @param stdoutBytes how much of the standard output is its own
 * @param stderrBytes how much of the standard error is its own
 */
public record ExecExit(End end, int status, long peakRssKib, Duration duration, long stdoutBytes, long stderrBytes) {

    /** The ways in which a command ends. */
    public enum End {
        /** It ended by itself. */
        EXITED,
        /** A signal killed it. */
        KILLED,
        /** It was killed, with its process group, because its time was over. */
        TIMED_OUT
    }

    /**
     * Whether it ended by itself with status 0.
     *
     * @return true for success
     */
    public boolean succeeded() {
        return end == End.EXITED && status == 0;
    }
}
