package dev.supermachine.vmm;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;

/**
 * The host's end of the channel to the guest's agent. One thread may read while another writes; each direction holds at most 256 KiB, and beyond that whoever
 * sends waits for whoever receives.
 *
 * <p>It outlives resets of the machine: a reset drops what was under way in both directions, a thread that reads goes on waiting, and one that writes is told.
 *
 * @since 0.1
 */
public final class AgentPort implements AutoCloseable {

    /** What each direction holds at most, in bytes. */
    static final int CAPACITY = 256 << 10;

    private final ConsoleDevice device;
    private final ByteRing fromGuest;
    private final ByteRing toGuest;
    private int resets;
    private boolean reading;
    private boolean writing;
    private boolean closed;
    private boolean ended;

    /** That of a device, which is the lock of all that is here. */
    AgentPort(ConsoleDevice device) {
        this(device, new ByteRing(CAPACITY), new ByteRing(CAPACITY));
    }

    private AgentPort(ConsoleDevice device, ByteRing fromGuest, ByteRing toGuest) {
        this.device = device;
        this.fromGuest = fromGuest;
        this.toGuest = toGuest;
    }

    /**
     * Waits for at least one byte from the guest.
     *
     * @param target where to put what came; nothing is awaited if it has no room
     * @return how many bytes came, or -1 when the machine has ended and all was read
     * @throws IOException if the port is closed, also meanwhile, or the thread is interrupted
     */
    public int read(ByteBuffer target) throws IOException {
        synchronized (device) {
            while (true) {
                int length = readNow(target);
                if (length != 0 || !target.hasRemaining()) {
                    return length;
                }
                reading = true;
                await();
            }
        }
    }

    /** As {@link #read}, but 0 if there is nothing. */
    int readNow(ByteBuffer target) throws IOException {
        synchronized (device) {
            requireOpen();
            if (ended && fromGuest.count() == 0 && target.hasRemaining()) {
                return -1;
            }
            int length = fromGuest.get(target);
            if (length > 0) {
                device.hostHasRead();
            }
            return length;
        }
    }

    /**
     * Hands all remaining bytes over, waiting while the guest does not take them. They need not have reached it when this returns.
     *
     * @param source what to send
     * @throws IOException if the port is closed or the machine ends or is reset, also meanwhile, or the thread is interrupted; an unknown part was sent then
     */
    public void write(ByteBuffer source) throws IOException {
        synchronized (device) {
            int begun = resets;
            while (true) {
                writeNow(source);
                if (!source.hasRemaining()) {
                    return;
                }
                writing = true;
                await();
                if (resets != begun) {
                    throw new IOException("The machine was reset while its agent was written to");
                }
            }
        }
    }

    /** As {@link #write}, but takes only what there is room for. */
    void writeNow(ByteBuffer source) throws IOException {
        synchronized (device) {
            requireOpen();
            if (ended) {
                throw new IOException("The machine has ended, and with it the channel to its agent");
            }
            while (toGuest.put(source) > 0) {
                device.hostHasWritten();
            }
        }
    }

    private void requireOpen() throws IOException {
        if (closed) {
            throw new IOException("The channel to the guest's agent is closed");
        }
    }

    private void await() throws IOException {
        try {
            device.wait();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("Interrupted while waiting for the guest's agent");
        }
    }

    /** Closes both directions and tells the guest; blocked calls fail, what was not read is lost. Further calls do nothing. */
    @Override
    public void close() {
        synchronized (device) {
            if (!closed) {
                closed = true;
                clear();
                device.hostHasClosed();
            }
        }
    }

    /**
     * Closes both directions without the guest being told; blocked calls fail. The device's lock must be held.
     *
     * @return an open port in this one's place, with nothing under way. It has the memory of this one, which touches it no more, as a closed port touches nothing
     */
    AgentPort replace() {
        closed = true;
        clear();
        return new AgentPort(device, fromGuest, toGuest);
    }

    /** What came from the guest and was not read. The device's lock must be held, here and below. */
    ByteRing fromGuest() {
        return fromGuest;
    }

    /** What was written and the guest has not taken. */
    ByteRing toGuest() {
        return toGuest;
    }

    /** Whether somebody may read what the guest sends. */
    boolean isOpen() {
        return !closed;
    }

    /** The device has filled one ring or emptied the other: wakes those for whom that is enough to go on with. */
    void moved() {
        if ((reading && fromGuest.count() > 0) || (writing && toGuest.isHalfEmpty())) {
            wake();
        }
    }

    /** All that was under way is lost. */
    void reset() {
        resets++;
        clear();
    }

    /** The machine has ended. */
    void end() {
        ended = true;
        wake();
    }

    private void clear() {
        fromGuest.clear();
        toGuest.clear();
        wake();
    }

    private void wake() {
        reading = false;
        writing = false;
        device.notifyAll();
    }
}
