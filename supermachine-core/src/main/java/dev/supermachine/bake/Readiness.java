package dev.supermachine.bake;

import dev.supermachine.Wait;
import dev.supermachine.engine.Deadline;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.oci.Healthcheck;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Looks whether a machine is ready, from the start of its workload on: one thread, that sleeps only while it waits for the workload's output. Everything that
 * it opens in the guest is closed with it, as a capture needs it.
 */
final class Readiness implements AutoCloseable {

    /** How long it waits for output before it looks at everything else again. Looking costs the guest nothing: its answers come by themselves. */
    private static final Duration LOOK_EVERY = Duration.ofMillis(20);

    private final GuestClient guest;
    private final int guestPort;
    private final Optional<Healthcheck> healthcheck;
    private final WorkloadOutput output;
    private final Condition condition;
    private final Deadline deadline;
    private boolean over;

    /**
     * For a workload that has just been started.
     *
     * @param wait what is awaited
     * @param guestPort the port of conditions that name none
     * @param healthcheck the image's, if it has one
     * @param bake the bake's deadline, which holds unless the condition has a time of its own
     */
    Readiness(GuestClient guest, Wait wait, int guestPort, Optional<Healthcheck> healthcheck, Deadline bake) {
        this.guest = guest;
        this.guestPort = guestPort;
        this.healthcheck = healthcheck;
        this.deadline = wait.timeout().map(Deadline::in).orElse(bake);
        this.output = new WorkloadOutput(guest);
        this.condition = condition(wait);
    }

    /** Whether a condition, or one inside it, is the image's health check. */
    static boolean needsHealthcheck(Wait wait) {
        return wait instanceof Wait.Healthcheck
                || (wait instanceof Wait.All all && all.waits().stream().anyMatch(Readiness::needsHealthcheck))
                || (wait instanceof Wait.Any any && any.waits().stream().anyMatch(Readiness::needsHealthcheck));
    }

    /** Waits a moment for output, and looks at everything. */
    void look() {
        Duration remaining = deadline.remaining();
        output.poll(remaining.compareTo(LOOK_EVERY) < 0 ? remaining : LOOK_EVERY);
        if (output.ended() && !over) {
            over = true;
            condition.workloadEnded();
        }
        condition.look();
    }

    boolean met() {
        return condition.state() == Condition.State.MET;
    }

    /** Whether what is awaited cannot come any more. */
    boolean failed() {
        return condition.state() == Condition.State.FAILED;
    }

    /** Whether the workload has ended, and everything was looked at once more after that. */
    boolean workloadEnded() {
        return over;
    }

    Deadline deadline() {
        return deadline;
    }

    /** What was awaited and seen, a line for each condition. */
    String report() {
        return condition.report().collect(Collectors.joining("\n"));
    }

    @Override
    public void close() {
        condition.close();
        output.close();
    }

    private Condition condition(Wait wait) {
        if (wait instanceof Wait.Listener listener) {
            return new ListenerCondition(
                    listener.ports().isEmpty() ? new Wait.Listener(List.of(guestPort), listener.timeout()) : listener,
                    guest);
        }
        if (wait instanceof Wait.Log log) {
            return new LogCondition(log, output);
        }
        if (wait instanceof Wait.Command command) {
            return new CommandCondition(command, guest);
        }
        if (wait instanceof Wait.Http http) {
            return new HttpCondition(http.port().isPresent() ? http : http.onPort(guestPort), guest);
        }
        if (wait instanceof Wait.Healthcheck check) {
            return new HealthcheckCondition(check, healthcheck.orElseThrow(), guest);
        }
        if (wait instanceof Wait.All all) {
            return ConditionGroup.all(conditions(all.waits()), all.timeout());
        }
        if (wait instanceof Wait.Any any) {
            return ConditionGroup.any(conditions(any.waits()), any.timeout());
        }
        throw new IllegalArgumentException("A wait of an unknown kind: " + wait);
    }

    private List<Condition> conditions(List<Wait> waits) {
        return waits.stream().map(this::condition).toList();
    }
}
