package dev.supermachine.vmm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A machine whose guest is a tiny one, made and run as machines of real guests are; with all of their devices or with none. For one thread at a time, apart from
 * {@link #agent()}.
 *
 * @since 0.1
 */
public final class TinyMachine implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 60;

    private final TinySnapshot snapshot;
    private final VmCore core;
    private final @Nullable Devices devices;
    private final Ports ports;

    private TinyMachine(TinySnapshot snapshot, @Nullable FileBlockStore disk) {
        this.snapshot = snapshot;
        core = snapshot.core();
        devices = disk == null
                ? null
                : new Devices(
                        core,
                        new Disks(disk, List.of()),
                        "agent",
                        printed -> {},
                        cause -> core.end(new MachineEnd("the tiny guest asked for " + cause)));
        ports = new Ports(devices != null);
        Bus bus = new Bus().add(TinyGuest.BEGIN_PORT, 1, new Begin(ports)).add(TinyGuest.END_PORT, 1, new End(ports));
        core.start(bus, devices == null ? new Bus() : devices.memory(), ports::ended);
    }

    /**
     * Makes one with a thread for its vCPU, which has entered KVM once.
     *
     * @param snapshot whose memory it has
     * @return a paused machine, with its vCPU as after power-on
     * @throws dev.supermachine.linux.LinuxException if KVM refuses
     */
    public static TinyMachine create(TinySnapshot snapshot) {
        return new TinyMachine(snapshot, null);
    }

    /**
     * Makes one with the devices of a {@link VirtualMachine}.
     *
     * @param snapshot whose memory it has
     * @param disk what is on its disk
     * @return a paused machine, with its vCPU as after power-on
     * @throws IOException if the disk cannot be opened
     * @throws dev.supermachine.linux.LinuxException if KVM refuses
     */
    public static TinyMachine withDevices(TinySnapshot snapshot, Path disk) throws IOException {
        return new TinyMachine(snapshot, FileBlockStore.open(disk));
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
        return finish();
    }

    /**
     * Lets one with devices run, and waits until it has prepared them and begins. To be followed by {@link #finish()}.
     *
     * @throws IllegalStateException if it ends or takes a minute
     */
    public void begin() {
        ports.begun.drainPermits();
        core.resume();
        ports.await(ports.begun);
    }

    /**
     * Waits until the work of a guest that runs is done.
     *
     * @return when it came out first, as {@link System#nanoTime()}
     * @throws IllegalStateException if it ends or takes a minute
     */
    public long finish() {
        ports.await(ports.finished);
        return ports.begin;
    }

    /**
     * When the work of the last run was done.
     *
     * @return as {@link System#nanoTime()}
     */
    public long end() {
        return ports.end;
    }

    /**
     * The host's end of the console of one with devices.
     *
     * @return always the same
     */
    public AgentPort agent() {
        if (devices == null) {
            throw new IllegalStateException("This tiny machine has no devices");
        }
        return devices.agent();
    }

    /**
     * Fails unless the guest has read all of its requests, the last one rightly.
     *
     * @param requests how many
     * @param bytes how many each
     * @param disk what is on the disk
     * @throws IllegalStateException if it did not
     */
    public void checkRead(int requests, int bytes, byte[] disk) {
        TinyDriver.checkRead(core.memory(), requests, bytes, disk);
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
        core.stop();
        if (devices != null) {
            devices.close();
        }
        core.close();
    }

    private static final class Ports {

        private final boolean tellsBegin;
        private final Semaphore begun = new Semaphore(0);
        private final Semaphore finished = new Semaphore(0);
        private volatile long begin;
        private volatile long end;
        private volatile @Nullable MachineEnd failure;

        /** Whether somebody may wait for the begin; telling it takes time that is measured. */
        Ports(boolean tellsBegin) {
            this.tellsBegin = tellsBegin;
        }

        void begun() {
            begin = System.nanoTime();
            if (tellsBegin) {
                begun.release();
            }
        }

        void ended(MachineEnd reason) {
            failure = reason;
            begun.release();
            finished.release();
        }

        void await(Semaphore event) {
            try {
                if (!event.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
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
            ports.begun();
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
