package dev.supermachine.guest;

/**
 * How the workload ended.
 *
 * @param signalled whether a signal killed it
 * @param status its exit status, or the signal's number
 */
public record WorkloadExit(boolean signalled, int status) {

    /**
     * For messages.
     *
     * @return such as {@code "exited with status 1"}
     */
    @Override
    public String toString() {
        return signalled ? "was killed by signal " + status : "exited with status " + status;
    }
}
