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
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** Machines without a guest, to hold a pool's threads at the points where they wait for an engine. It counts what is alive. */
final class FakeEngine implements Hypervisor {

    private static final CountDownLatch OPEN = new CountDownLatch(0);

    private final boolean resetsInPlace;

    /** What is there: prepared or running. */
    final Set<FakeMachine> alive = ConcurrentHashMap.newKeySet();

    /** All that were ever prepared, the first first. */
    final List<FakeMachine> machines = new CopyOnWriteArrayList<>();

    /** What was done to machines, each with the machine's number, which counts from 1. */
    final List<String> events = new CopyOnWriteArrayList<>();

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

    final AtomicInteger rewound = new AtomicInteger();

    /** Called with the number of the way back to a snapshot, to hold or fail it. */
    volatile IntConsumer onRewind = number -> {};

    /** An existing directory, where machines that are kept leave their traces. */
    volatile Path traces = Path.of("");

    /** When agents answer. */
    volatile CountDownLatch mayAnswer = OPEN;

    /** An engine whose machines are replaced. */
    FakeEngine() {
        this(false);
    }

    /** An engine whose machines are replaced, or reset in place. */
    FakeEngine(boolean resetsInPlace) {
        this.resetsInPlace = resetsInPlace;
    }

    int mostAlive() {
        return mostAlive.get();
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
        FakeMachine machine = new FakeMachine();
        machine.did("prepared");
        alive.add(machine);
        mostAlive.accumulateAndGet(alive.size(), Math::max);
        return new Waiting(machine);
    }

    /** A machine from its preparation to its end, over all that it runs as. */
    final class FakeMachine {
        private final int number;
        private volatile ObligingAgent agent = newAgent();

        /** What it runs with; null while it waits. */
        volatile @Nullable Activation activation;

        private FakeMachine() {
            synchronized (machines) {
                machines.add(this);
                number = machines.size();
            }
        }

        /** The agent of the present run. */
        ObligingAgent agent() {
            return agent;
        }

        /** Ends it, as its user or by itself. */
        void end() {
            if (alive.remove(this)) {
                did("ended");
                agent.channel().close();
            }
        }

        private ObligingAgent newAgent() {
            return new ObligingAgent(() -> mayAnswer);
        }

        private void rewind() {
            agent.channel().close();
            agent = newAgent();
            activation = null;
        }

        private void did(String what) {
            events.add(what + " " + number);
        }
    }

    /** Held by one owner at a time: once it was given away it does nothing any more. */
    abstract class Handle {
        final FakeMachine machine;
        private final AtomicBoolean given = new AtomicBoolean();

        Handle(FakeMachine machine) {
            this.machine = machine;
        }

        void give() {
            if (!isAlive() || !given.compareAndSet(false, true)) {
                throw new IllegalStateException("given away or closed before");
            }
        }

        public boolean isAlive() {
            return !given.get() && alive.contains(machine);
        }

        public void close() {
            if (given.compareAndSet(false, true)) {
                machine.end();
            }
        }
    }

    private final class Waiting extends Handle implements Prepared {

        Waiting(FakeMachine machine) {
            super(machine);
        }

        @Override
        public <T> T rehearse(Function<? super Machine, T> part) {
            onRehearse.accept(rehearsed.incrementAndGet());
            return part.apply(new Running(machine));
        }

        @Override
        public Machine activate(Activation activation) {
            onActivate.accept(activated.incrementAndGet());
            give();
            machine.did("activated");
            machine.activation = activation;
            return new Running(machine);
        }
    }

    private final class Running extends Handle implements Machine {
        private final Channel channel;

        Running(FakeMachine machine) {
            super(machine);
            this.channel = machine.agent().channel();
        }

        @Override
        public Channel agent() {
            return channel;
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
        public void copyVolume(int volume, Path target) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Prepared rewind() {
            if (!resetsInPlace) {
                return Machine.super.rewind();
            }
            onRewind.accept(rewound.incrementAndGet());
            give();
            machine.did("rewound");
            machine.rewind();
            return new Waiting(machine);
        }

        @Override
        public String endReason() {
            return "still running";
        }

        @Override
        public Traces leaveTraces() {
            return new Traces(1, traces, traces.resolve("console"), false);
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
        return resetsInPlace ? Set.of(Capability.RESET_IN_PLACE) : Set.of();
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
