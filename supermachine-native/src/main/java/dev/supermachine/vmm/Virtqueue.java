package dev.supermachine.vmm;

import java.lang.invoke.VarHandle;

/**
 * The device's side of a split virtqueue (virtio 1.2, 2.7). Whatever a guest writes into it leads to one of two exceptions at worst. Indirect descriptors and event
 * indexes are not offered: requests are done while their guest waits in its exit, so the ring is never full, and the plain flags save the same exits. Used under the
 * lock of its device.
 */
final class Virtqueue implements Stateful {

    private static final int NO_INTERRUPT = 1;
    private static final int NO_NOTIFY = 1;
    private static final int INDEX = 2;
    private static final int RING = 4;

    private final GuestMemory memory;
    private final int maxSize;
    private final DescriptorChain chain;

    private int size;
    private long descriptors;
    private long driverArea;
    private long deviceArea;
    private boolean ready;
    /** Of 16 bits, like the ring's own indexes. */
    private int lastAvailable;

    private int used;
    private long progress;
    private boolean quiet;
    private boolean unpublished;

    /**
     * One that is not ready.
     *
     * @param memory where the driver puts the ring
     * @param maxSize how many descriptors the driver may choose at most, a power of two
     */
    Virtqueue(GuestMemory memory, int maxSize) {
        this.memory = memory;
        this.maxSize = maxSize;
        chain = new DescriptorChain(memory, maxSize);
    }

    /** How many descriptors the driver may choose at most. */
    int maxSize() {
        return maxSize;
    }

    /** Whether the driver has said that all is laid out. */
    boolean ready() {
        return ready;
    }

    /** Sets how many descriptors there are; without effect once the queue is ready, as with the addresses. */
    void resize(int value) {
        if (!ready) {
            size = value;
        }
    }

    /** Sets half of the address of the descriptor table. */
    void descriptors(int half, boolean high) {
        if (!ready) {
            descriptors = with(descriptors, half, high);
        }
    }

    /** Sets half of the address of the driver area, also known as available ring. */
    void driverArea(int half, boolean high) {
        if (!ready) {
            driverArea = with(driverArea, half, high);
        }
    }

    /** Sets half of the address of the device area, also known as used ring. */
    void deviceArea(int half, boolean high) {
        if (!ready) {
            deviceArea = with(deviceArea, half, high);
        }
    }

    private static long with(long address, int half, boolean high) {
        return high
                ? (address & 0xFFFF_FFFFL) | (long) half << 32
                : (address & ~0xFFFF_FFFFL) | Integer.toUnsignedLong(half);
    }

    /**
     * The layout is complete.
     *
     * @throws BrokenRingException if it cannot be used; the queue stays as it was
     */
    void start() {
        if (!ready) {
            if (!laidOut()) {
                throw new BrokenRingException("A ring of " + size + " at " + Long.toHexString(descriptors) + ", "
                        + Long.toHexString(driverArea) + ", " + Long.toHexString(deviceArea));
            }
            ready = true;
        }
    }

    /** The sizes and alignments of virtio 1.2, 2.7, with the event fields that are not offered. */
    private boolean laidOut() {
        return size > 0
                && size <= maxSize
                && Integer.bitCount(size) == 1
                && (descriptors & 15) == 0
                && (driverArea & 1) == 0
                && (deviceArea & 3) == 0
                && memory.contains(descriptors, 16L * size)
                && memory.contains(driverArea, 6 + 2L * size)
                && memory.contains(deviceArea, 6 + 8L * size);
    }

    /** Back to the beginning, with nothing laid out. */
    void reset() {
        size = 0;
        descriptors = 0;
        driverArea = 0;
        deviceArea = 0;
        ready = false;
        lastAvailable = 0;
        used = 0;
        progress = 0;
        quiet = false;
        unpublished = false;
    }

    /**
     * How many chains wait. A device handles so many and no more: whatever is added later has a notification of its own.
     *
     * @throws BrokenRingException if there are more than can be
     */
    int available() {
        int waiting = (memory.getShortAcquire(driverArea + INDEX) - lastAvailable) & 0xFFFF;
        if (waiting > size) {
            throw new BrokenRingException(waiting + " chains in a ring of " + size);
        }
        return waiting;
    }

    /**
     * The chain that waits longest, of which there must be one. It stays there until {@link #use}; the object is valid until the next call.
     *
     * @throws BrokenRingException if it is no chain
     * @throws GuestMemoryException if a buffer is not all in the guest's memory
     */
    DescriptorChain peek() {
        chain.parse(descriptors, size, memory.getShort(driverArea + RING + 2L * (lastAvailable & (size - 1))));
        return chain;
    }

    /**
     * Gives back the chain that was looked at last.
     *
     * @param written how many bytes of it were written, from its first writable byte on
     */
    void use(long written) {
        long element = deviceArea + RING + 8L * (used & (size - 1));
        memory.putInt(element, chain.head());
        memory.putInt(element + 4, (int) written);
        used = (used + 1) & 0xFFFF;
        lastAvailable = (lastAvailable + 1) & 0xFFFF;
        progress = 0;
        unpublished = true;
    }

    /** How many bytes of the chain that waits longest are done with already, as the device has noted. */
    long progress() {
        return progress;
    }

    /** Notes that more bytes of that chain are done with. */
    void progress(int more) {
        progress += more;
    }

    /**
     * Shows the driver all chains that were given back.
     *
     * @return whether there are any that it wants to be interrupted for
     */
    boolean publish() {
        if (!unpublished) {
            return false;
        }
        unpublished = false;
        memory.putShortRelease(deviceArea + INDEX, used);
        VarHandle.fullFence(); // the flag must not be read before the index is written
        return (memory.getShort(driverArea) & NO_INTERRUPT) == 0;
    }

    /**
     * Asks the driver not to notify when it adds chains, or to do so again. In the latter case some may have been added silently: look once more.
     *
     * @return whether this is a change
     */
    boolean quiet(boolean value) {
        if (quiet == value) {
            return false;
        }
        quiet = value;
        memory.putShort(deviceArea, value ? NO_NOTIFY : 0);
        VarHandle.fullFence(); // the driver's index must not be read before the flag is written
        return true;
    }

    @Override
    public void save(StateWriter out) {
        out.putInt(size)
                .putLong(descriptors)
                .putLong(driverArea)
                .putLong(deviceArea)
                .putBoolean(ready)
                .putInt(lastAvailable)
                .putInt(used)
                .putLong(progress)
                .putBoolean(quiet);
    }

    @Override
    public void restore(StateReader in) {
        size = in.getInt();
        descriptors = in.getLong();
        driverArea = in.getLong();
        deviceArea = in.getLong();
        ready = in.getBoolean();
        lastAvailable = in.getInt("an index of a ring", 0, 0xFFFF);
        used = in.getInt("an index of a ring", 0, 0xFFFF);
        progress = Math.max(0, in.getLong());
        quiet = in.getBoolean();
        unpublished = false;
        if (ready && !laidOut()) {
            throw new StateFormatException(
                    "The state has a virtqueue of " + size + " descriptors that is not within the guest's memory");
        }
    }
}
