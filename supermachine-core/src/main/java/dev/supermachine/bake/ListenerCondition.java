package dev.supermachine.bake;

import dev.supermachine.MachineException;
import dev.supermachine.Wait;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.guest.ListenState;
import dev.supermachine.guest.ListenWatch;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.stream.Stream;

/** Listeners on TCP ports: the guest watches, and says when they are there. */
final class ListenerCondition extends Condition {

    private static final Duration FOR_EVER = Duration.ofDays(10_000);
    private static final Duration LAST_ANSWER = Duration.ofSeconds(10);

    private final GuestClient guest;
    private final Wait.Listener wait;
    private final ListenWatch watch;
    private boolean last;

    /**
     * A condition on certain ports.
     *
     * @param wait with at least one port
     */
    ListenerCondition(Wait.Listener wait, GuestClient guest) {
        super(wait.timeout());
        this.guest = guest;
        this.wait = wait;
        this.watch = guest.watchListeners(wait.ports(), FOR_EVER);
    }

    @Override
    State check() {
        Optional<ListenState> seen = last ? Optional.of(watch.await(LAST_ANSWER)) : watch.poll();
        if (seen.isEmpty() || (seen.get() == ListenState.WORKLOAD_ENDED && !last)) {
            // the watch may see the workload's end before all of its output was read, which is worth waiting for
            return State.PENDING;
        }
        return seen.get() == ListenState.LISTENING ? State.MET : State.FAILED;
    }

    /** The guest looks once more before it says that the workload has ended: a service may have gone on in the background. */
    @Override
    void workloadEnded() {
        last = true;
    }

    @Override
    Stream<String> report() {
        return Stream.of(line(wait.toString(), state() == State.MET ? "" : seen()));
    }

    private String seen() {
        SortedSet<Integer> listening;
        try {
            listening = ListeningPorts.of(guest);
        } catch (MachineException e) {
            return "the guest does not say what listens: " + e.getMessage();
        }
        List<Integer> missing =
                wait.ports().stream().filter(port -> !listening.contains(port)).toList();
        if (missing.isEmpty()) {
            return "the listener came too late";
        }
        return "nothing listened on port"
                + (missing.size() == 1 ? " " + missing.get(0) : "s " + missing)
                + (listening.isEmpty() ? ", nor on any other" : ", but on " + listening);
    }

    @Override
    public void close() {
        watch.close();
    }
}
