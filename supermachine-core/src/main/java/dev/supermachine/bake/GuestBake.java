package dev.supermachine.bake;

import dev.supermachine.BakeException;
import dev.supermachine.EngineException;
import dev.supermachine.MachineException;
import dev.supermachine.SupermachineException;
import dev.supermachine.engine.Deadline;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.MachineSpec;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.guest.ListenState;
import dev.supermachine.guest.WorkloadExit;
import dev.supermachine.guest.WorkloadSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Boots one machine, brings it to the state that {@link CaptureTrigger} names, and captures it. Used once, by one thread. */
final class GuestBake {

    private static final Logger LOG = LoggerFactory.getLogger(GuestBake.class);
    private static final Duration BOOT_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(30);

    /** Servers listen before they can answer; the capture waits this long for them to come to rest. */
    private static final Duration SETTLE_TIMEOUT = Duration.ofSeconds(10);

    private static final int TAIL_LINES = 40;
    private static final int LOG_TAIL_CHARACTERS = 4000;

    private final Hypervisor hypervisor;
    private final BakeRequest request;
    private final WorkloadSpec workload;
    private final Deadline deadline;

    GuestBake(Hypervisor hypervisor, BakeRequest request, WorkloadSpec workload, Duration timeout) {
        this.hypervisor = hypervisor;
        this.request = request;
        this.workload = workload;
        this.deadline = Deadline.in(timeout);
    }

    /**
     * Does it all.
     *
     * @param spec what to boot
     * @return the tail of the console, for the manifest
     * @throws BakeException if the machine does not come to its ready state, or cannot be captured
     */
    String run(MachineSpec spec) {
        try (Booted booted = bootWithRetry(spec)) {
            try {
                bringToReady(booted.guest());
                booted.guest().freeze(REQUEST_TIMEOUT);
                String tail = booted.machine().console().tail(TAIL_LINES);
                booted.machine().capture(spec.directory());
                return tail;
            } catch (EngineException | MachineException e) {
                throw new BakeException(failed() + e.getMessage(), e);
            }
        }
    }

    /** A kernel's boot can hang on a loaded host through no fault of the image, so a boot that says nothing is tried once more. */
    private Booted bootWithRetry(MachineSpec spec) {
        try {
            return boot(spec);
        } catch (SupermachineException e) {
            if (deadline.isOver() || Thread.currentThread().isInterrupted()) {
                throw new BakeException(failed() + e.getMessage(), e);
            }
            LOG.warn("The machine for '{}' did not boot, it is tried once more: {}", request.name(), e.getMessage());
        }
        try {
            clear(spec.directory());
            return boot(spec);
        } catch (SupermachineException e) {
            throw new BakeException(failed() + "The machine did not boot in two attempts. " + e.getMessage(), e);
        }
    }

    /** An engine wants an empty directory; what the first attempt left may still be open in a process that is about to end. */
    private void clear(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new BakeException(
                    failed() + "What the first attempt left in " + directory + " cannot be deleted.", e);
        }
    }

    private Booted boot(MachineSpec spec) {
        Machine machine = hypervisor.boot(spec);
        try {
            GuestClient guest = new GuestClient(machine.agent(), spec.name(), () -> machine.lastWords(TAIL_LINES));
            Booted booted = new Booted(machine, guest);
            guest.awaitHello(min(BOOT_TIMEOUT, deadline.remaining()));
            return booted;
        } catch (RuntimeException | Error e) {
            machine.close();
            throw e;
        }
    }

    private void bringToReady(GuestClient guest) {
        guest.configure(workload, REQUEST_TIMEOUT);
        boolean started = false;
        ListenState state = ListenState.TIMED_OUT;
        while (true) {
            var observed = new CaptureTrigger.Observed(
                    true,
                    started,
                    state == ListenState.LISTENING,
                    state == ListenState.WORKLOAD_ENDED,
                    deadline.isOver());
            switch (CaptureTrigger.decide(request.listenerRequired(), observed)) {
                case START_WORKLOAD -> {
                    guest.start(REQUEST_TIMEOUT);
                    started = true;
                }
                case WAIT ->
                    state = guest.awaitListeners(List.of(request.guestPort()), deadline.remaining(), SETTLE_TIMEOUT);
                case CAPTURE -> {
                    return;
                }
                case FAIL_WORKLOAD_EXITED ->
                    throw new BakeException(
                            failed() + "The workload " + workload.argv() + " "
                                    + exit(guest) + " before anything listened on port " + request.guestPort()
                                    + ". Its last output:\n" + logTail(guest)
                                    + "\nRun the image elsewhere with the same command and environment, or give other ones to the bake.");
                case FAIL_DEADLINE ->
                    throw new BakeException(failed() + "Nothing listened on port "
                            + request.guestPort() + " within the bake's time. Check that the workload "
                            + workload.argv()
                            + " listens on that port (set another with withGuestPort), or allow more time with supermachine.bake.timeout."
                            + " Its last output:\n" + logTail(guest));
            }
        }
    }

    private static String exit(GuestClient guest) {
        CompletableFuture<WorkloadExit> exit = guest.workloadExit();
        return exit.isDone() && !exit.isCompletedExceptionally() ? exit.join().toString() : "ended";
    }

    private static String logTail(GuestClient guest) {
        String text = guest.logText().strip();
        if (text.isEmpty()) {
            return "(it wrote nothing)";
        }
        return text.length() <= LOG_TAIL_CHARACTERS ? text : "…" + text.substring(text.length() - LOG_TAIL_CHARACTERS);
    }

    private String failed() {
        return "Baking '" + request.name() + "' from " + request.reference() + " on the engine " + hypervisor.id()
                + " failed. ";
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) <= 0 ? a : b;
    }

    private record Booted(Machine machine, GuestClient guest) implements AutoCloseable {

        @Override
        public void close() {
            try {
                guest.close();
            } finally {
                machine.close();
            }
        }
    }
}
