package dev.supermachine.pool;

import dev.supermachine.Vm;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.guest.GuestLog;
import dev.supermachine.guest.WorkloadExit;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.CompletableFuture;

/**
 * The image's own process in a machine, for who shows it to somebody. Thread-safe.
 *
 * @since 0.1
 */
public final class Workload {

    private static final int SIGNAL_BASE = 128;

    private final GuestClient guest;

    private Workload(GuestClient guest) {
        this.guest = guest;
    }

    /**
     * That of a machine, up to its next reset.
     *
     * @param vm a machine of this library
     * @return its workload
     * @throws IllegalStateException if the machine was given up
     */
    public static Workload of(Vm vm) {
        return new Workload(((LeasedVm) vm).guest());
    }

    /**
     * Copies what it writes, from the oldest byte that the guest has kept, until it closes both outputs or the machine is given up. Runs on the calling thread.
     *
     * @param out gets the standard output
     * @param err gets the standard error
     * @throws IOException if one of the two throws it
     * @throws dev.supermachine.MachineException if the machine ends meanwhile
     */
    public void follow(OutputStream out, OutputStream err) throws IOException {
        try (GuestLog log = guest.logs(true)) {
            log.drain(out, err);
        }
    }

    /**
     * How it ends.
     *
     * @return completes with its exit status, or 128 and the signal that killed it; fails when the machine ends first
     */
    public CompletableFuture<Integer> exitStatus() {
        return guest.workloadExit().thenApply(Workload::status);
    }

    private static int status(WorkloadExit exit) {
        return exit.signalled() ? SIGNAL_BASE + exit.status() : exit.status();
    }
}
