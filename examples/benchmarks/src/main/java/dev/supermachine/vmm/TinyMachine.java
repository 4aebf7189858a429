package dev.supermachine.vmm;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A machine without devices whose guest is a tiny one, made and run as machines of real guests are. For one thread at a time.
 *
 * @since 0.1
 */
public final class TinyMachine implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 60;

    private final TinySnapshot snapshot;
    private final VmCore core;
    private final Ports ports = new Ports();

    private TinyMachine(TinySnapshot snapshot) {
        this.snapshot = snapshot;
        core = snapshot.core();
        Bus bus = new Bus().add(TinyGuest.BEGIN_PORT, 1, new Begin(ports)).add(TinyGuest.END_PORT, 1, new End(ports));
        core.start(bus, new Bus(), ports::ended);
    }

    /**
     * Makes one with a thread for its vCPU, which has entered KVM once.
     *
     * @param snapshot whose memory it has
     * @return a paused machine, with its vCPU as after power-on
     * @throws dev.supermachine.linux.LinuxException if KVM refuses
     */
    public static TinyMachine create(TinySnapshot snapshot) {
        return new TinyMachine(snapshot);
    }

    /** Puts its vCPU and clock into the state of the snapshot. Paused. */
    public void restore() {
        core.restore(snapshot.state());
    }

    /** Puts its memory, vCPU and clock into the state of the snapshot. Paused. */
    public void reset() {
        core.reset(snapshot.state());
    }

    /** Pauses it. */
    public void pause() {
        core.pause();
    }

    /**
     * Lets it run, and waits until its work is done.
     *
     * @return when it came out first, as {@link System#nanoTime()}
     * @throws IllegalStateException if it ends or takes a minute
     */
    public long run() {
        core.resume();
        ports.await();
        return ports.begin;
    }

    /**
     * How long the last run took.
     *
     * @return nanoseconds from its first exit to its last
     */
    public long workNanos() {
        return ports.end - ports.begin;
    }

    /**
     * Fails unless the last run began with the memory of the snapshot.
     *
     * @throws IllegalStateException if it did not
     */
    public void check() {
        snapshot.guest().check(core.memory());
    }

    /** Ends it, and waits until all is gone. */
    @Override
    public void close() {
        core.close();
    }

    private static final class Ports {

        private final Semaphore finished = new Semaphore(0);
        private volatile long begin;
        private volatile long end;
        private volatile @Nullable MachineEnd failure;

        void ended(MachineEnd reason) {
            failure = reason;
            finished.release();
        }

        void await() {
            try {
                if (!finished.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("The tiny guest did not finish within " + PATIENCE_SECONDS + " s");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("Interrupted while the tiny guest ran", e);
            }
            MachineEnd reason = failure;
            if (reason != null) {
                throw new IllegalStateException("The tiny guest ended: " + reason.reason());
            }
        }
    }

    private record Begin(Ports ports) implements IoRegion {

        @Override
        public long read(long offset, int size) {
            return 0;
        }

        @Override
        public void write(long offset, int size, long value) {
            ports.begin = System.nanoTime();
        }
    }

    private record End(Ports ports) implements IoRegion {

        @Override
        public long read(long offset, int size) {
            return 0;
        }

        @Override
        public void write(long offset, int size, long value) {
            ports.end = System.nanoTime();
            ports.finished.release();
        }
    }
}
