package dev.supermachine.bake;

import dev.supermachine.engine.Deadline;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A {@link dev.supermachine.Wait} for one machine: it is looked at again and again until it is decided, and never waits itself for more than an answer of the agent. What it
 * has open in the guest is closed when it is decided. Used by one thread.
 */
abstract class Condition implements AutoCloseable {

    /** How it stands. */
    enum State {
        PENDING,
        MET,
        FAILED
    }

    private final Optional<Deadline> deadline;
    private State state = State.PENDING;

    /** From now on the time counts. */
    Condition(Optional<Duration> timeout) {
        this.deadline = timeout.map(Deadline::in);
    }

    /** Looks, unless it is decided. What is met in the moment in which its time is over is met. */
    final State look() {
        if (state == State.PENDING) {
            state = check();
            if (state == State.PENDING && deadline.isPresent() && deadline.get().isOver()) {
                state = State.FAILED;
            }
            if (state != State.PENDING) {
                close();
            }
        }
        return state;
    }

    final State state() {
        return state;
    }

    /** Looks at what there is to see. */
    abstract State check();

    /** The workload has ended: the next look is the last, and sees what the guest has to say to that. */
    abstract void workloadEnded();

    /** A line for each condition that has no others inside: what was awaited, what was seen last. */
    abstract Stream<String> report();

    /** Lets go of everything that is open in the guest. */
    @Override
    public abstract void close();

    /** A line of the report. */
    final String line(String awaited, String seen) {
        String late =
                deadline.isPresent() && state == State.FAILED && deadline.get().isOver()
                        ? "its time of " + deadline.get() + " is over; "
                        : "";
        return "- " + awaited + ": " + (state == State.MET ? "met" : late + seen);
    }
}
