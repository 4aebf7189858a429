package dev.supermachine.vmm;

import dev.supermachine.kvm.VcpuFd;
import dev.supermachine.linux.LinuxException;
import dev.supermachine.linux.Signals;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A vCPU on its thread, which runs the guest and does its I/O, until it is wanted to pause or to stop.
 *
 * <p>How it is got out of the guest: whoever wants that says so, sets KVM's {@code immediate_exit}, and interrupts the thread if it is inside. If it is not, it
 * finds the flag when it enters next. The thread in turn says that it is inside before it enters; so one of the two always sees the other. A vCPU that is paused has no
 * instruction half done: entering it with the flag completes the last one.
 *
 * <p>Thread-safe.
 */
final class Vcpu {

    /** A signal that went astray is sent again after this. */
    private static final long AGAIN_NANOS = 10_000_000;

    private enum Wanted {
        RUN,
        PAUSE,
        STOP
    }

    private final String name;
    private final VcpuFd fd;
    private final VcpuExits exits;
    private final Consumer<MachineEnd> ended;

    private final CompletableFuture<Void> whenStopped = new CompletableFuture<>();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Wanted wanted = Wanted.PAUSE;
    private boolean paused;
    private boolean started;
    private boolean stopped;
    private int threadId;

    /** The thread as long as it is this vCPU's. */
    private volatile @Nullable Thread thread;

    /** Whether the thread is in KVM_RUN, or about to be. */
    private volatile boolean inside;

    /**
     * A vCPU that is not started yet.
     *
     * @param name of its thread
     * @param fd the vCPU
     * @param exits what is done when it comes out
     * @param ended is told, on its thread, when it can run no longer; it is paused then, whatever is wanted
     */
    Vcpu(String name, VcpuFd fd, VcpuExits exits, Consumer<MachineEnd> ended) {
        this.name = name;
        this.fd = fd;
        this.exits = exits;
        this.ended = ended;
    }

    /** Starts the thread; the vCPU is wanted to pause. */
    void start() {
        fd.run().setImmediateExit(true);
        lock.lock();
        try {
            started = true;
        } finally {
            lock.unlock();
        }
        boolean running = false;
        try {
            VcpuThreads.run(name, this::run);
            running = true;
        } finally {
            if (!running) {
                end();
            }
        }
    }

    /** Lets it run. */
    void resume() {
        lock.lock();
        try {
            if (wanted == Wanted.PAUSE) {
                wanted = Wanted.RUN;
                fd.run().setImmediateExit(false);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Wants it to pause, and waits for nothing. */
    void requestPause() {
        lock.lock();
        try {
            if (wanted == Wanted.RUN) {
                wanted = Wanted.PAUSE;
                kick();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Wants it to stop for ever, and waits for nothing. */
    void requestStop() {
        lock.lock();
        try {
            wanted = Wanted.STOP;
            changed.signalAll();
            kick();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until it is paused, or has stopped.
     *
     * @param patience how long at most
     * @return false if it is not yet, as when a device does not return
     */
    boolean awaitPaused(Duration patience) {
        return await(() -> paused || stopped, patience);
    }

    /**
     * Waits until it has stopped.
     *
     * @param patience how long at most
     * @return false if it has not yet, as when a device does not return
     */
    boolean awaitStopped(Duration patience) {
        return await(() -> stopped || !started, patience);
    }

    /** Completed when it has stopped, on its thread; at once if it was never started. */
    CompletableFuture<Void> whenStopped() {
        lock.lock();
        try {
            return started ? whenStopped : CompletableFuture.completedFuture(null);
        } finally {
            lock.unlock();
        }
    }

    /** Whether the calling thread is this vCPU's. */
    boolean isCurrent() {
        return Thread.currentThread() == thread;
    }

    /** Getting the thread out again and again, should it be inside. Interrupts of the waiting thread are kept for later. */
    private boolean await(BooleanSupplier condition, Duration patience) {
        long until = System.nanoTime() + patience.toNanos();
        boolean interrupted = false;
        lock.lock();
        try {
            while (!condition.getAsBoolean()) {
                if (until - System.nanoTime() <= 0) {
                    return false;
                }
                try {
                    if (!changed.await(AGAIN_NANOS, TimeUnit.NANOSECONDS)) {
                        kick();
                    }
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return true;
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** With the lock held, under which the thread also ends. */
    private void kick() {
        if (stopped || wanted == Wanted.RUN) {
            return;
        }
        fd.run().setImmediateExit(true);
        if (inside) {
            Signals.interrupt(threadId);
        }
    }

    private void run() {
        try {
            thread = Thread.currentThread();
            int id = Signals.receiveHere();
            lock.lock();
            try {
                threadId = id;
            } finally {
                lock.unlock();
            }
            while (enter()) {
                // on
            }
        } catch (RuntimeException | Error e) {
            ended.accept(new MachineEnd("its processor's thread failed, " + e, e));
        } finally {
            thread = null;
            end();
        }
    }

    private void end() {
        lock.lock();
        try {
            stopped = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        whenStopped.complete(null);
    }

    /** Enters the vCPU once and does what is to be done then. False: it is to stop. */
    private boolean enter() {
        MachineEnd end = finishWork();
        if (end == null) {
            inside = true;
            int result = fd.enter();
            inside = false;
            if (result == -LinuxException.EINTR || result == -LinuxException.EAGAIN) {
                return attend();
            }
            end = result == 0 ? handle() : exits.failed(-result);
        }
        if (end == null) {
            return true;
        }
        ended.accept(end);
        requestPause();
        return attend();
    }

    /** Does what devices have left undone, as long as nothing else is wanted; what is left then waits until the vCPU runs again. */
    private @Nullable MachineEnd finishWork() {
        try {
            while (!fd.run().immediateExit() && exits.turn()) {
                // on
            }
            return null;
        } catch (RuntimeException | Error e) {
            return deviceFailed(e);
        }
    }

    private @Nullable MachineEnd handle() {
        try {
            return exits.handle();
        } catch (RuntimeException | Error e) {
            return deviceFailed(e);
        }
    }

    private static MachineEnd deviceFailed(Throwable e) {
        return new MachineEnd("a device failed, " + e, e);
    }

    /** Pauses if that is wanted. False: it is to stop. */
    private boolean attend() {
        lock.lock();
        try {
            if (wanted == Wanted.PAUSE) {
                paused = true;
                changed.signalAll();
                while (wanted == Wanted.PAUSE) {
                    changed.awaitUninterruptibly();
                }
                paused = false;
            }
            return wanted != Wanted.STOP;
        } finally {
            lock.unlock();
        }
    }
}
