package dev.supermachine.bake;

import dev.supermachine.MachineException;
import dev.supermachine.engine.Deadline;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A condition that is tried until it succeeds. Between two attempts is as much time as the last one took, so that trying never costs the guest more than half
 * of its processor.
 */
abstract class RepeatedCondition extends Condition {

    /** How long one attempt may take, unless the image says otherwise: what Docker gives a health check. */
    static final Duration ATTEMPT_TIMEOUT = Duration.ofSeconds(30);

    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(50);

    private final String awaited;
    private Deadline pause = Deadline.in(Duration.ZERO);
    private @Nullable Attempt current;
    private long begun;
    private int attempts;
    private String seen = "not tried yet";

    RepeatedCondition(String awaited, Optional<Duration> timeout) {
        super(timeout);
        this.awaited = awaited;
    }

    /**
     * Begins an attempt.
     *
     * @throws MachineException if the guest refuses, which is a failed attempt
     */
    abstract Attempt begin();

    /** An attempt has failed: what it is called if that was one too many. */
    Optional<String> failedForGood() {
        return Optional.empty();
    }

    @Override
    final State check() {
        Optional<Attempt.Outcome> outcome;
        try {
            Attempt attempt = current;
            if (attempt == null) {
                if (!pause.isOver()) {
                    return State.PENDING;
                }
                begun = System.nanoTime();
                attempt = begin();
                current = attempt;
            }
            outcome = attempt.poll();
        } catch (MachineException e) {
            // If the machine itself has failed, whoever reads its output is told the same.
            outcome = Optional.of(new Attempt.Outcome(false, "failed: " + e.getMessage()));
        }
        if (outcome.isEmpty()) {
            return State.PENDING;
        }
        close();
        attempts++;
        seen = outcome.get().seen();
        Duration took = Duration.ofNanos(System.nanoTime() - begun);
        pause = Deadline.in(took.compareTo(SHORTEST_PAUSE) > 0 ? took : SHORTEST_PAUSE);
        if (outcome.get().met()) {
            return State.MET;
        }
        Optional<String> enough = failedForGood();
        enough.ifPresent(reason -> seen += "; " + reason);
        return enough.isPresent() ? State.FAILED : State.PENDING;
    }

    @Override
    final void workloadEnded() {
        // what answers only once the workload has ended is not what was to be captured
    }

    @Override
    final Stream<String> report() {
        String text = attempts == 0
                ? seen
                : attempts == 1 ? "tried once; it " + seen : "tried " + attempts + " times; the last " + seen;
        return Stream.of(line(awaited, text));
    }

    @Override
    public final void close() {
        if (current != null) {
            current.close();
            current = null;
        }
    }
}
