package dev.supermachine.pool;

import dev.supermachine.Exec;
import dev.supermachine.Image;
import dev.supermachine.KeptVm;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.engine.Machine.Traces;
import dev.supermachine.guest.DirectoryCopy;
import dev.supermachine.guest.FileOwner;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.pool.MachineSource.LiveMachine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A machine as its holder sees it. What is behind it changes with each reset, if not the machine then the client of its agent; calls go to the one of the
 * moment, and objects taken from an earlier one fail because its channel is closed. After {@link #close()} there is none, so no call can reach another holder's
 * machine.
 */
class LeasedVm implements Vm {

    private static final int READ_LIMIT = 1 << 30;
    private static final long COPY_LIMIT = 64L << 30;
    private static final FileOwner ROOT = new FileOwner(0, 0);
    private static final String GIVEN_UP = "was given up: its holder has closed it, or its pool was closed";

    private final MachineOwner owner;
    private final Image image;
    private final VmConfig config;
    private final String name;
    private final Lease lease;
    private final @Nullable LogFeed feed;

    /** Held over a whole reset, so that there is one at a time. Nothing else takes it. */
    private final Object resets = new Object();

    /** Guards the changes of the next three; never held while anything is waited for. */
    private final Object state = new Object();

    private volatile @Nullable LiveMachine machine;
    private volatile boolean closed;
    private boolean resetting;
    private @Nullable KeptVm kept;

    LeasedVm(MachineOwner owner, Image image, VmConfig config, LiveMachine machine) {
        this.owner = owner;
        this.image = image;
        this.config = config;
        this.name = machine.name();
        this.machine = machine;
        this.lease = new Lease(name);
        lease.attach(machine.guest());
        this.feed = config.logConsumer()
                .map(consumer -> new LogFeed(name, consumer))
                .orElse(null);
        followLog(machine.guest());
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Image image() {
        return image;
    }

    @Override
    public Exec command(String... argv) {
        return new VmExec(this::guest, name, argv);
    }

    @Override
    public byte[] readFile(String path) {
        return guest().readFile(path, READ_LIMIT);
    }

    @Override
    public void writeFile(String path, byte[] content) {
        guest().writeFile(path, content, GuestClient.KEEP_MODE, FileOwner.KEEP);
    }

    @Override
    public void copyIn(Path hostDirectory, String guestDirectory) {
        try {
            DirectoryCopy.intoGuest(hostDirectory, guest(), guestDirectory, ROOT);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    hostDirectory + " could not be copied to " + guestDirectory + " of the machine '" + name + "': "
                            + e.getMessage(),
                    e);
        }
    }

    @Override
    public void copyOut(String guestDirectory, Path hostDirectory) {
        try {
            DirectoryCopy.outOfGuest(guest(), guestDirectory, hostDirectory, COPY_LIMIT);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    guestDirectory + " of the machine '" + name + "' could not be copied to " + hostDirectory + ": "
                            + e.getMessage(),
                    e);
        }
    }

    @Override
    public String host() {
        return lease.host();
    }

    @Override
    public int mappedPort(int guestPort) {
        return lease.mappedPort(guestPort);
    }

    @Override
    public String logs() {
        return guest().logText();
    }

    @Override
    public String console() {
        return live().machine().console().text();
    }

    @Override
    public void reset() {
        synchronized (resets) {
            @Nullable LiveMachine old;
            synchronized (state) {
                if (closed) {
                    throw givenUp();
                }
                if (kept != null) {
                    throw new IllegalStateException("The machine '" + name
                            + "' is kept as it is, so it cannot be reset. Take another one, or do not keep this one.");
                }
                resetting = true;
                old = machine;
                machine = null;
            }
            @Nullable LiveMachine next = null;
            try {
                if (old != null) {
                    cutOff(old);
                }
                next = owner.replace(old, config);
            } finally {
                resetEnded(next);
            }
            if (closed) {
                throw givenUp();
            }
        }
    }

    /** The client first: its guest is not told of each connection that ends, and may not listen any more. */
    private void cutOff(LiveMachine old) {
        try {
            old.guest().close("it was reset; what was open before is gone");
            lease.detach();
        } catch (RuntimeException | Error e) {
            old.close();
            throw e;
        }
    }

    private void resetEnded(@Nullable LiveMachine next) {
        synchronized (state) {
            resetting = false;
            if (!closed) {
                if (next != null) {
                    machine = next;
                    lease.attach(next.guest());
                    followLog(next.guest());
                }
                return;
            }
        }
        owner.released(this, next);
    }

    private void followLog(GuestClient guest) {
        if (feed != null) {
            feed.attach(guest);
        }
    }

    private void endFeed() {
        if (feed != null) {
            feed.close();
        }
    }

    @Override
    public KeptVm keep() {
        synchronized (state) {
            LiveMachine current = live();
            if (kept == null) {
                Traces traces = current.machine().leaveTraces();
                KeptVm description = new KeptVm(
                        current.name(),
                        image.name(),
                        traces.pid(),
                        traces.directory(),
                        traces.console(),
                        lease.host(),
                        lease.ports(),
                        traces.detachable());
                KeptMachines.describe(description, image.reference(), image.memoryMib());
                kept = description;
            }
            return kept;
        }
    }

    /** A reset that is under way is not waited for: it gives back what it gets when it ends. */
    @Override
    public void close() {
        @Nullable LiveMachine last;
        boolean later;
        @Nullable KeptVm stays;
        synchronized (state) {
            if (closed) {
                return;
            }
            closed = true;
            last = machine;
            machine = null;
            later = resetting;
            stays = kept;
        }
        endFeed();
        if (last != null && stays != null) {
            try {
                KeptMachines.leave(stays, last, lease);
            } finally {
                owner.released(this, null);
            }
            return;
        }
        try {
            if (last != null) {
                last.guest().close("it " + GIVEN_UP);
            }
            lease.close();
        } finally {
            if (!later) {
                owner.released(this, last);
            }
        }
    }

    @Override
    public String toString() {
        return "Vm[" + name + (closed ? ", given up" : "") + "]";
    }

    private GuestClient guest() {
        return live().guest();
    }

    private LiveMachine live() {
        LiveMachine current = machine;
        if (current == null) {
            throw closed
                    ? givenUp()
                    : new IllegalStateException("The machine '" + name
                            + "' is being reset, or its last reset failed; reset it again, or close it.");
        }
        return current;
    }

    /** Takes the machine from its holder without ending it, which is for its owner to do. */
    final void takeAway() {
        synchronized (state) {
            closed = true;
            machine = null;
        }
        endFeed();
        lease.close();
    }

    /** What a holder is told who has no machine any more. */
    IllegalStateException givenUp() {
        return new IllegalStateException("The machine '" + name + "' " + GIVEN_UP + ".");
    }
}
