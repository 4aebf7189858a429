package dev.supermachine.guest;

import dev.supermachine.engine.Deadline;
import java.time.Duration;
import java.util.Optional;

/**
 * Watches for listeners in the guest, until they are there, the time is over, or the workload has ended. Thread-safe.
 *
 * @since 0.1
 */
public final class ListenWatch implements AutoCloseable {

    private final AgentLink link;
    private final GuestStream stream;

    ListenWatch(AgentLink link, GuestStream stream) {
        this.link = link;
        this.stream = stream;
    }

    /**
     * What came first, if anything has come. Does not wait.
     *
     * @return empty as long as the guest watches
     * @throws dev.supermachine.MachineException if the machine has failed, or the watch was closed before
     */
    public Optional<ListenState> poll() {
        return stream.over() ? Optional.of(await(Duration.ZERO)) : Optional.empty();
    }

    /**
     * Waits for what comes first.
     *
     * @param timeout how long to wait
     * @return what came first
     * @throws dev.supermachine.MachineException if nothing has come by then, the machine fails, or the watch is closed meanwhile
     */
    public ListenState await(Duration timeout) {
        try {
            // read once for each caller
            FrameReader result = stream.awaitResult(Deadline.in(timeout)).copy();
            int code = result.u8();
            result.end();
            return switch (code) {
                case 0 -> ListenState.LISTENING;
                case 1 -> ListenState.TIMED_OUT;
                case 2 -> ListenState.WORKLOAD_ENDED;
                default -> throw new ProtocolException("a RESULT of LISTEN_WATCH with the unknown state " + code);
            };
        } catch (ProtocolException e) {
            throw GuestErrors.broken(link, e);
        }
    }

    /** Stops watching. Further calls do nothing. */
    @Override
    public void close() {
        stream.reset();
    }
}
