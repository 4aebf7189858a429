package dev.supermachine.pool;

import dev.supermachine.EngineException;
import dev.supermachine.engine.Activation;
import dev.supermachine.engine.Availability;
import dev.supermachine.engine.Capability;
import dev.supermachine.engine.Channel;
import dev.supermachine.engine.Console;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.MachineSpec;
import dev.supermachine.engine.Prepared;
import dev.supermachine.engine.SnapshotSource;
import dev.supermachine.guest.ObligingAgent;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.IntConsumer;

/** Machines without a guest, to hold a pool's threads at the points where they wait for an engine. It counts what is alive. */
final class FakeEngine implements Hypervisor {

    private static final CountDownLatch OPEN = new CountDownLatch(0);

    /** What is there: prepared or running. */
    final Set<Object> alive = ConcurrentHashMap.newKeySet();

    final AtomicInteger prepared = new AtomicInteger();
    final AtomicInteger preparing = new AtomicInteger();
    final AtomicInteger activated = new AtomicInteger();
    private final AtomicInteger mostAlive = new AtomicInteger();

    /** Permits to prepare, taken by each. */
    volatile Semaphore mayPrepare = new Semaphore(1_000_000);

    /** Called with the number of the preparation, to fail it. */
    volatile IntConsumer onPrepare = number -> {};

    final AtomicInteger rehearsed = new AtomicInteger();

    /** Called with the number of the rehearsal, to fail it. */
    volatile IntConsumer onRehearse = number -> {};

    /** Called with the number of the activation, to fail it. */
    volatile IntConsumer onActivate = number -> {};

    /** When agents answer. */
    volatile CountDownLatch mayAnswer = OPEN;

    int mostAlive() {
        return mostAlive.get();
    }

    private void born(Object machine) {
        alive.add(machine);
        mostAlive.accumulateAndGet(alive.size(), Math::max);
    }

    @Override
    public Prepared prepare(SnapshotSource snapshot) {
        preparing.incrementAndGet();
        try {
            mayPrepare.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EngineException("interrupted", e);
        }
        onPrepare.accept(prepared.incrementAndGet());
        Waiting waiting = new Waiting();
        born(waiting);
        return waiting;
    }

    private final class Waiting implements Prepared {
        private final ObligingAgent agent = new ObligingAgent(() -> mayAnswer);

        @Override
        public <T> T rehearse(Function<? super Machine, T> part) {
            onRehearse.accept(rehearsed.incrementAndGet());
            return part.apply(new Running(agent));
        }

        @Override
        public Machine activate(Activation activation) {
            onActivate.accept(activated.incrementAndGet());
            if (!alive.remove(this)) {
                throw new IllegalStateException("activated or closed before");
            }
            Running running = new Running(agent);
            born(running);
            return running;
        }

        @Override
        public boolean isAlive() {
            return alive.contains(this);
        }

        @Override
        public void close() {
            agent.channel().close();
            alive.remove(this);
        }
    }

    private final class Running implements Machine {
        private final ObligingAgent agent;
        private final AtomicBoolean closed = new AtomicBoolean();

        Running(ObligingAgent agent) {
            this.agent = agent;
        }

        @Override
        public Channel agent() {
            return agent.channel();
        }

        @Override
        public Console console() {
            return new Console() {
                @Override
                public String text() {
                    return "";
                }

                @Override
                public String tail(int lines) {
                    return "";
                }
            };
        }

        @Override
        public void pause() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void resume() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void capture(Path directory) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void reset(Activation activation) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean isAlive() {
            return !closed.get();
        }

        @Override
        public String endReason() {
            return "still running";
        }

        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                agent.channel().close();
                alive.remove(this);
            }
        }
    }

    @Override
    public String id() {
        return "fake";
    }

    @Override
    public int preference() {
        return 0;
    }

    @Override
    public Availability probe() {
        return Availability.usable("it is a fake");
    }

    @Override
    public Set<Capability> capabilities() {
        return Set.of();
    }

    @Override
    public String identity() {
        return "fake";
    }

    @Override
    public Machine boot(MachineSpec spec) {
        throw new UnsupportedOperationException();
    }
}
