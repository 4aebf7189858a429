package dev.supermachine.guest;

import dev.supermachine.engine.Channel;
import java.io.UncheckedIOException;
import java.util.concurrent.CountDownLatch;

/** The agent of a parked machine that does as it is told: it resumes and starts; streams stay unanswered. For tests of those who hold machines. */
public final class ObligingAgent {

    private final PipeChannel.Pair ends = PipeChannel.pair();
    private final CountDownLatch mayAnswer;

    /** An agent that answers once the latch is open. */
    public ObligingAgent(CountDownLatch mayAnswer) {
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
                mayAnswer.await();
                agent.epoch(frame.epoch());
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
