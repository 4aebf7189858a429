package dev.supermachine.guest;

import dev.supermachine.engine.Channel;
import java.io.UncheckedIOException;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;

/** The agent of a parked machine that does as it is told: it rehearses at once, resumes and starts; streams stay unanswered. For tests of those who hold machines. */
public final class ObligingAgent {

    private final PipeChannel.Pair ends = PipeChannel.pair();
    private final Supplier<CountDownLatch> mayAnswer;

    /** An agent that answers once the latch of the moment is open. */
    public ObligingAgent(Supplier<CountDownLatch> mayAnswer) {
        this.mayAnswer = mayAnswer;
        Thread thread = new Thread(this::run, "obliging-agent");
        thread.setDaemon(true);
        thread.start();
    }

    /** The host's end. */
    public Channel channel() {
        return ends.near();
    }

    private void run() {
        try (ScriptedAgent agent = new ScriptedAgent(ends.far())) {
            while (true) {
                Frame frame = agent.next();
                agent.epoch(frame.epoch());
                if (frame.type() == FrameType.REHEARSE) {
                    agent.control(FrameType.REHEARSED, ScriptedAgent.payload());
                    continue;
                }
                mayAnswer.get().await();
                switch (frame.type()) {
                    case RESUME -> agent.control(FrameType.RESUMED, ScriptedAgent.payload());
                    case START ->
                        agent.control(FrameType.STARTED, ScriptedAgent.payload().u32(2));
                    default -> {
                        // nobody waits for it here
                    }
                }
            }
        } catch (UncheckedIOException | AssertionError e) {
            // the host has closed the channel
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
