package dev.supermachine.bake;

import dev.supermachine.Wait;
import dev.supermachine.engine.Deadline;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.oci.Healthcheck;
import java.util.Optional;

/**
 * The image's own health check. It is tried as closely as any command, but its failures count as Docker would count them, one for each interval: an image that
 * gives itself three times 30 s is not unhealthy after three quick attempts.
 */
final class HealthcheckCondition extends RepeatedCondition {

    private final GuestClient guest;
    private final Healthcheck check;
    private final Deadline startPeriod;
    private Deadline interval;
    private int failures;

    /**
     * A condition on a check.
     *
     * @param check with a command
     */
    HealthcheckCondition(Wait.Healthcheck wait, Healthcheck check, GuestClient guest) {
        super(wait + ", " + check.command(), wait.timeout());
        this.guest = guest;
        this.check = check;
        this.startPeriod = Deadline.in(check.startPeriod());
        this.interval = Deadline.in(check.interval());
    }

    @Override
    Attempt begin() {
        return new CommandAttempt(guest, check.command(), 0, check.timeout());
    }

    @Override
    Optional<String> failedForGood() {
        if (!startPeriod.isOver() || !interval.isOver()) {
            return Optional.empty();
        }
        failures++;
        if (failures < check.retries()) {
            interval = Deadline.in(check.interval());
            return Optional.empty();
        }
        return Optional.of("unhealthy: " + failures + " failures, one for each interval of " + interval);
    }
}
