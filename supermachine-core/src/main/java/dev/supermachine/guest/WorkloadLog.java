package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.engine.Deadline;
import dev.supermachine.engine.Evidence;
import dev.supermachine.engine.OutputTail;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The workload's output: read, collected for a caller, or followed so that messages have its end. Thread-safe. */
final class WorkloadLog {

    /** How many bytes are collected at most: as many as the guest keeps. */
    private static final int COLLECTED = 1024 * 1024;

    /** How many bytes are kept of an output that is followed; more than a message shows, as a character may take several. */
    private static final int FOLLOWED = 2 * Evidence.CHARACTERS;

    private static final int UNTIL_NOW = 0;
    private static final int FOLLOW = 1;
    private static final int FOLLOW_RUN = 2;

    private final AgentLink link;
    private final Streams streams;
    private final AtomicReference<@Nullable GuestStream> followed = new AtomicReference<>();

    WorkloadLog(AgentLink link, Streams streams) {
        this.link = link;
        this.streams = streams;
    }

    /** From the oldest byte that the guest has kept. */
    GuestLog open(boolean follow) {
        return open(follow ? FOLLOW : UNTIL_NOW);
    }

    /** From the latest resume on. */
    GuestLog openRun() {
        return open(FOLLOW_RUN);
    }

    private GuestLog open(int which) {
        String operation = "read the workload's output";
        FrameWriter request = new FrameWriter(operation).u8(which);
        return new GuestLog(
                link, streams.open(StreamKind.LOG, operation, request, Deadline.in(GuestClient.ANSWER_TIMEOUT)));
    }

    /**
     * The end of what was written so far, as far as the guest has kept it.
     *
     * @throws MachineException if the guest does not come to the end of it in time, among others
     */
    String text(Duration timeout) {
        OutputTail both = new OutputTail(COLLECTED);
        Deadline deadline = Deadline.in(timeout);
        try (GuestLog log = open(false)) {
            while (log.poll(deadline.remaining(), both, both) >= 0) {
                if (deadline.isOver()) {
                    throw link.error(
                            "its agent did not come to the end of the workload's output within " + deadline, null);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("A buffer in memory failed", e);
        }
        return new String(both.bytes(), StandardCharsets.UTF_8);
    }

    /** Keeps the latest part from now on, for messages. Does not wait for the guest. */
    void follow() {
        OutputTail tail = new OutputTail(FOLLOWED);
        link.log(tail);
        String operation = "follow the workload's output";
        followed.set(streams.follow(StreamKind.LOG, operation, new FrameWriter(operation).u8(FOLLOW), tail));
    }

    /** Stops following; what was kept stays. */
    void unfollow() {
        GuestStream stream = followed.getAndSet(null);
        if (stream != null) {
            stream.reset();
        }
    }

    /** What is known of the guest, for messages. It is asked; if it does not answer, this is what was followed. */
    String evidence() {
        try {
            return link.evidence(text(GuestClient.ANSWER_TIMEOUT));
        } catch (MachineException e) {
            return link.evidence();
        }
    }
}
