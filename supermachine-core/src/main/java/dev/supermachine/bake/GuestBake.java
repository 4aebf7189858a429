package dev.supermachine.bake;

import dev.supermachine.BakeException;
import dev.supermachine.EngineException;
import dev.supermachine.MachineException;
import dev.supermachine.SupermachineException;
import dev.supermachine.engine.Deadline;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.MachineSpec;
import dev.supermachine.engine.Witness;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.guest.WorkloadSpec;
import dev.supermachine.linux.StoreTrouble;
import dev.supermachine.oci.Healthcheck;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Boots one machine, brings it to the state that {@link CaptureTrigger} names, and captures it. Used once, by one thread. */
final class GuestBake {

    private static final Logger LOG = LoggerFactory.getLogger(GuestBake.class);
    private static final Duration BOOT_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(30);

    /** What is ready may still be busy with its start; the capture waits at most this long for it to come to rest. */
    private static final Duration SETTLE_TIMEOUT = Duration.ofSeconds(10);

    private static final int TAIL_LINES = 40;

    private final Hypervisor hypervisor;
    private final BakeRequest request;
    private final WorkloadSpec workload;
    private final Optional<Healthcheck> healthcheck;
    private final Deadline deadline;
    private final Path store;
    private final BakeListener listener;

    /**
     * A bake with a time limit that begins now.
     *
     * @param store the directory of the snapshots, in which the machine keeps its memory
     * @param listener hears of its progress
     */
    GuestBake(
            Hypervisor hypervisor,
            BakeRequest request,
            WorkloadSpec workload,
            Optional<Healthcheck> healthcheck,
            Duration timeout,
            Path store,
            BakeListener listener) {
        this.hypervisor = hypervisor;
        this.request = request;
        this.workload = workload;
        this.healthcheck = healthcheck;
        this.deadline = Deadline.in(timeout);
        this.store = store;
        this.listener = listener;
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
                listener.began(BakePhase.READY);
                bringToReady(booted);
                listener.began(BakePhase.CAPTURE);
                booted.guest().freeze(REQUEST_TIMEOUT);
                String tail = booted.machine().console().tail(TAIL_LINES);
                booted.machine().capture(spec.directory());
                return tail;
            } catch (EngineException | MachineException e) {
                throw new BakeException(failed() + fullDisk() + e.getMessage(), e);
            }
        }
    }

    /** A kernel's boot can hang on a loaded host through no fault of the image, so a boot that says nothing is tried once more; not on a full disk. */
    private Booted bootWithRetry(MachineSpec spec) {
        try {
            return boot(spec);
        } catch (SupermachineException e) {
            String fullDisk = fullDisk();
            if (deadline.isOver() || Thread.currentThread().isInterrupted() || !fullDisk.isEmpty()) {
                throw new BakeException(failed() + fullDisk + e.getMessage(), e);
            }
            LOG.warn("The machine for '{}' did not boot, it is tried once more: {}", request.name(), e.getMessage());
        }
        try {
            clear(spec.directory());
            return boot(spec);
        } catch (SupermachineException e) {
            throw new BakeException(
                    failed() + "The machine did not boot in two attempts. " + fullDisk() + e.getMessage(), e);
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
        listener.began(BakePhase.BOOT);
        Machine machine = hypervisor.boot(spec);
        try {
            GuestClient guest = new GuestClient(machine.agent(), spec.name(), Witness.of(machine));
            Booted booted = new Booted(spec.name(), machine, guest);
            guest.awaitHello(min(BOOT_TIMEOUT, deadline.remaining()));
            return booted;
        } catch (RuntimeException | Error e) {
            machine.close();
            throw e;
        }
    }

    private void bringToReady(Booted booted) {
        GuestClient guest = booted.guest();
        guest.configure(workload, REQUEST_TIMEOUT);
        try (Progress progress = new Progress(booted)) {
            while (true) {
                switch (CaptureTrigger.decide(request.readiness().isPresent(), progress.observed())) {
                    case START_WORKLOAD -> progress.start();
                    case WAIT -> progress.look();
                    case SETTLE -> progress.settle();
                    case WARM_UP -> progress.warmUp();
                    case CAPTURE -> {
                        return;
                    }
                    case FAIL_WORKLOAD_EXITED ->
                        throw progress.failure(
                                "The workload " + workload.argv() + " " + exit(guest)
                                        + " before it was ready. Run the image elsewhere with the same command and environment, or give other ones to the bake.");
                    case FAIL_DEADLINE ->
                        throw progress.failure(
                                fullDisk() + "It was not ready within " + progress.deadline()
                                        + ". Check the condition against what was seen, or allow more time with withTimeout on it or with supermachine.bake.timeout.");
                    case FAIL_UNATTAINABLE ->
                        throw progress.failure(
                                "It cannot become ready any more. Check the condition against what was seen.");
                }
            }
        }
    }

    private static String exit(GuestClient guest) {
        try {
            return guest.workloadExit()
                    .get(REQUEST_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                    .toString();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "ended";
        } catch (ExecutionException | TimeoutException e) {
            return "ended";
        }
    }

    private String failed() {
        return "Baking '" + request.name() + "' from " + request.reference() + " on the engine " + hypervisor.id()
                + " failed. ";
    }

    /**
     * What no engine can tell: memory in a mapped file has no error for a disk that is full. The machine dies of it (SIGBUS), or under KVM may stand still. Looked
     * at while the machine's files still take their space.
     */
    private String fullDisk() {
        String fullness = StoreTrouble.fullness(store, "supermachine.snapshots.dir");
        return fullness.isEmpty()
                ? ""
                : "The disk is full, or nearly so: a bake writes the machine's memory, here up to "
                        + request.memoryMib() + " MiB, to the directory of the snapshots. " + fullness + " ";
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) <= 0 ? a : b;
    }

    /** How far the machine has come. */
    private final class Progress implements AutoCloseable {

        private final Booted booted;
        private final GuestClient guest;
        private @Nullable Readiness readiness;

        /** Before the workload there is nothing that could be busy. */
        private boolean settled = request.readiness().isEmpty();

        private boolean warmupDue = request.warmup().isPresent();

        Progress(Booted booted) {
            this.booted = booted;
            this.guest = booted.guest();
        }

        CaptureTrigger.Observed observed() {
            Readiness now = readiness;
            return now == null
                    ? new CaptureTrigger.Observed(
                            true, false, false, settled, warmupDue, false, false, deadline.isOver())
                    : new CaptureTrigger.Observed(
                            true,
                            true,
                            now.met(),
                            settled,
                            warmupDue,
                            now.failed(),
                            now.workloadEnded(),
                            now.deadline().isOver());
        }

        void start() {
            guest.start(REQUEST_TIMEOUT);
            guest.followLog();
            readiness =
                    new Readiness(guest, request.readiness().orElseThrow(), request.guestPort(), healthcheck, deadline);
        }

        void look() {
            Objects.requireNonNull(readiness).look();
        }

        void settle() {
            // no stream may be open when the machine is frozen
            close();
            guest.awaitRest(SETTLE_TIMEOUT);
            settled = true;
        }

        /** What it leaves open ends with it; what the guest has to do about that, and about all else, comes to rest after it. */
        void warmUp() {
            listener.began(BakePhase.WARM_UP);
            WarmupPlan plan = request.warmup().orElseThrow();
            WarmupRun run = new WarmupRun(
                    plan,
                    request.name(),
                    deadline,
                    (what, cause) -> new BakeException(failed() + fullDisk() + what + guest.evidence(), cause));
            plan.lender().lend(ImageInTheMaking.of(request), booted.name(), booted.machine(), guest, run::with);
            guest.endStreams();
            warmupDue = false;
            settled = false;
        }

        Deadline deadline() {
            return readiness == null ? deadline : readiness.deadline();
        }

        BakeException failure(String what) {
            String seen = readiness == null ? "" : "\nAwaited was:\n" + readiness.report();
            return new BakeException(failed() + what + seen + guest.evidence());
        }

        @Override
        public void close() {
            if (readiness != null) {
                readiness.close();
            }
        }
    }

    private record Booted(String name, Machine machine, GuestClient guest) implements AutoCloseable {

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
