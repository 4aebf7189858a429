package dev.supermachine.guest;

import dev.supermachine.engine.Activation;
import dev.supermachine.engine.Deadline;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;

/** The calls that lead a machine through its life, from HELLO over its workload to being frozen, resumed and left to another client. Thread-safe. */
final class LifeCycle {

    private static final int PING_BYTES = 8;

    private final AgentLink link;
    private final ControlCalls control;
    private final Streams streams;
    private final WorkloadLog log;
    private final AtomicBoolean acknowledged = new AtomicBoolean();

    LifeCycle(AgentLink link, ControlCalls control, Streams streams, WorkloadLog log) {
        this.link = link;
        this.control = control;
        this.streams = streams;
        this.log = log;
    }

    /** Waits for HELLO and acknowledges the first time. */
    Hello awaitHello(Duration timeout) {
        Hello hello = control.awaitHello(Deadline.in(timeout));
        byte[] version =
                new FrameWriter("acknowledge").u32(ControlCalls.VERSION).payload();
        if (acknowledged.compareAndSet(false, true)) {
            link.send(() -> Frame.control(FrameType.HELLO_ACK, link.epoch(), version));
        }
        return hello;
    }

    void configure(WorkloadSpec workload, Duration timeout) {
        String operation = "configure the workload " + workload.argv();
        byte[] payload = new FrameWriter(operation)
                .strings(workload.argv())
                .map(workload.environment())
                .string(workload.user())
                .string(workload.directory())
                .u32(workload.stopSignal())
                .string(workload.hostName())
                .map(workload.extraHosts())
                .map(volumes(workload))
                .payload();
        call(operation, FrameType.CONFIGURE, payload, FrameType.CONFIGURED, timeout, FrameReader::end);
    }

    /** In their order, which tells the guest which disk is meant. */
    private static Map<String, String> volumes(WorkloadSpec workload) {
        Map<String, String> volumes = new LinkedHashMap<>();
        workload.volumes().forEach(volume -> volumes.put(volume.guestPath(), volume.isNew() ? "new" : ""));
        return volumes;
    }

    /** Says the workload's process id. */
    int start(Duration timeout) {
        int[] pid = new int[1];
        call("start the workload", FrameType.START, Frame.NOTHING, FrameType.STARTED, timeout, answer -> {
            pid[0] = (int) answer.u32();
            answer.end();
        });
        return pid[0];
    }

    void freeze(Duration timeout) {
        Deadline deadline = Deadline.in(timeout);
        log.unfollow();
        streams.close("the machine is frozen until it is resumed", deadline);
        boolean parked = false;
        try {
            call("freeze", FrameType.FREEZE, Frame.NOTHING, FrameType.PARKED, timeout, FrameReader::end);
            parked = true;
        } finally {
            if (!parked) {
                streams.reopen();
            }
        }
    }

    void rehearse(Activation activation, Duration timeout) {
        String operation = "rehearse to resume";
        byte[] payload = payload(operation, activation, names(operation, activation), false);
        call(operation, FrameType.REHEARSE, payload, FrameType.REHEARSED, timeout, FrameReader::end);
    }

    void resume(Activation activation, Duration timeout) {
        resume(activation, false, timeout);
    }

    /** As {@link #resume(Activation, Duration)}, but no process runs before {@link #thaw(Duration)}. */
    void resumeHeld(Activation activation, Duration timeout) {
        resume(activation, true, timeout);
    }

    void thaw(Duration timeout) {
        call("thaw", FrameType.THAW, Frame.NOTHING, FrameType.THAWED, timeout, FrameReader::end);
    }

    private void resume(Activation activation, boolean hold, Duration timeout) {
        String operation = "resume";
        byte[] names = names(operation, activation);
        control.forget();
        streams.failAll(() -> link.error("the machine was resumed as a new run; what was open before is gone", null));
        FrameReader answer = control.call(operation, FrameType.RESUMED, Deadline.in(timeout), () -> {
            // Set in the sender's turn: answers of the new epoch can come from now on, frames of the older one are
            // dropped.
            link.epoch(activation.epoch());
            return Frame.control(FrameType.RESUME, activation.epoch(), payload(operation, activation, names, hold));
        });
        read(answer, FrameReader::end);
        streams.reopen();
    }

    private static byte[] names(String operation, Activation activation) {
        return new FrameWriter(operation)
                .string(activation.hostName())
                .map(activation.environment())
                .payload();
    }

    /** With the wall clock of now. */
    private static byte[] payload(String operation, Activation activation, byte[] names, boolean hold) {
        Instant now = activation.wallClock();
        return new FrameWriter(operation)
                .u32(activation.epoch())
                .bytes(activation.entropy())
                .u64(now.getEpochSecond())
                .u32(now.getNano())
                .bytes(names)
                .u8(hold ? 1 : 0)
                .payload();
    }

    /** Completes when the workload has ended, off the reading thread; fails when the link goes down first. */
    CompletableFuture<WorkloadExit> workloadExit() {
        return control.workloadExit().copy();
    }

    /** Does not wait. */
    void signalWorkload(int signal) {
        String operation = "signal the workload";
        byte[] payload = new FrameWriter(operation).u32(signal).payload();
        link.send(() -> {
            // A guest that is being frozen would answer, and nobody asked.
            streams.requireOpen(operation);
            return Frame.control(FrameType.WORKLOAD_SIGNAL, link.epoch(), payload);
        });
    }

    void ping(Duration timeout) {
        byte[] sent = new byte[PING_BYTES];
        ThreadLocalRandom.current().nextBytes(sent);
        call("answer a ping", FrameType.PING, sent, FrameType.PONG, timeout, answer -> {
            if (!Arrays.equals(sent, answer.rest())) {
                throw new ProtocolException("a PONG that does not match its PING");
            }
        });
    }

    /** Abandons all that is open. */
    void endStreams() {
        log.unfollow();
        streams.resetAll();
    }

    /** Lets no stream be opened any more, and waits until nothing is on its way. */
    GuestClient.Position handOver(Duration timeout) {
        String because = "the machine was left to another process";
        streams.resetAll();
        streams.close(because, Deadline.in(timeout));
        ping(timeout);
        return new GuestClient.Position(link.epoch(), streams.last());
    }

    /** Goes on after another client of the same machine. */
    void takeOver(GuestClient.Position position) {
        link.epoch(position.epoch());
        streams.startAfter(position.lastStream());
        streams.reopen();
    }

    /** Reads an answer; one that cannot be read ends the link. */
    private interface AnswerReader {
        void read(FrameReader answer) throws ProtocolException;
    }

    private void call(
            String operation, FrameType type, byte[] payload, FrameType answer, Duration timeout, AnswerReader reader) {
        read(
                control.call(operation, answer, Deadline.in(timeout), () -> Frame.control(type, link.epoch(), payload)),
                reader);
    }

    private void read(FrameReader answer, AnswerReader reader) {
        try {
            reader.read(answer);
        } catch (ProtocolException e) {
            throw GuestErrors.broken(link, e);
        }
    }
}
