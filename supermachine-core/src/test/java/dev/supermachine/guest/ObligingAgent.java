package dev.supermachine.guest;

import dev.supermachine.engine.Channel;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;

/** The agent of a parked machine that does as it is told: it rehearses at once, resumes and starts; streams stay unanswered. For tests of those who hold machines. */
public final class ObligingAgent {

    private final PipeChannel.Pair ends = PipeChannel.pair();
    private final Supplier<CountDownLatch> mayAnswer;
    private final List<String> heard = new CopyOnWriteArrayList<>();

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

    /** Ends the connection from the guest's side. */
    public void hangUp() {
        ends.far().close();
    }

    /** The types of all frames that the host has sent, in their order. */
    public List<String> heard() {
        return List.copyOf(heard);
    }

    private void run() {
        try (ScriptedAgent agent = new ScriptedAgent(ends.far())) {
            while (true) {
                Frame frame = agent.next();
                agent.epoch(frame.epoch());
                heard.add(frame.type().name());
                if (frame.type() == FrameType.REHEARSE) {
                    agent.control(FrameType.REHEARSED, ScriptedAgent.payload());
                    continue;
                }
                mayAnswer.get().await();
                switch (frame.type()) {
                    case RESUME -> agent.control(FrameType.RESUMED, ScriptedAgent.payload());
                    case THAW -> agent.control(FrameType.THAWED, ScriptedAgent.payload());
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
