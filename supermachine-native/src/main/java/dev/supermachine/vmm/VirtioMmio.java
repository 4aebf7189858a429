package dev.supermachine.vmm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A virtio device behind memory-mapped registers (virtio 1.2, 4.2.2; not the legacy interface). A notification is worked off before the guest's write to the register
 * returns. What a guest must not do is ignored where the specification lets it, and else makes the device ask for its reset: from then on it touches no queue until
 * the driver resets it.
 *
 * <p>Every entry locks the device itself, and so do its subclasses.
 */
abstract class VirtioMmio implements IoRegion, Stateful, AutoCloseable {

    /** The size of the registers' window in bytes. */
    static final long WINDOW = 0x1000;

    private static final int MAGIC = 0x74726976;
    private static final int VERSION = 2;
    private static final int VENDOR = 0x4D4D5653;
    private static final long CONFIG = 0x100;

    private static final int ACKNOWLEDGE = 1;
    private static final int DRIVER = 2;
    private static final int DRIVER_OK = 4;
    private static final int FEATURES_OK = 8;
    private static final int NEEDS_RESET = 64;
    private static final int FAILED = 128;

    private static final int USED = 1;
    private static final int CHANGED = 2;

    private static final long VERSION_1 = 1L << 32;

    private final int id;
    private final long features;
    private final ByteBuffer config;
    private final Virtqueue[] queues;
    private final InterruptLine line;

    private int status;
    private int offeredSelect;
    private int acceptedSelect;
    private long accepted;
    private int queueSelect;
    private int interrupts;
    private boolean closed;

    /**
     * One that waits for its driver.
     *
     * @param id the kind of device
     * @param features what it offers beside VERSION_1
     * @param config its configuration space, which never changes
     * @param queueSizes for each queue, how many descriptors it has at most
     * @param memory where the driver puts the queues
     * @param line how to interrupt the driver
     */
    VirtioMmio(int id, long features, byte[] config, int[] queueSizes, GuestMemory memory, InterruptLine line) {
        this.id = id;
        this.features = features | VERSION_1;
        this.config = ByteBuffer.wrap(config.clone()).order(ByteOrder.LITTLE_ENDIAN);
        this.line = line;
        queues = new Virtqueue[queueSizes.length];
        for (int i = 0; i < queues.length; i++) {
            queues[i] = new Virtqueue(memory, queueSizes[i]);
        }
    }

    /**
     * Handles what waits in a queue. Given back chains are published by the caller.
     *
     * @param index the queue's
     * @param queue that queue, which is ready
     * @throws BrokenRingException if the driver broke the rules
     * @throws GuestMemoryException likewise
     */
    abstract void notified(int index, Virtqueue queue);

    /** Forgets all that a driver has brought about, as if there had been none. */
    abstract void forget();

    /** Writes what a subclass has beyond the registers and queues. */
    abstract void saveOwn(StateWriter out);

    /** Reads it. If that fails, {@link #forget} follows. */
    abstract void restoreOwn(StateReader in);

    /** From now on and until {@link #unquiesce}, no thread but a vCPU's makes this device touch the guest. */
    void quiesce() {}

    /** Does what threads of the host have asked for meanwhile, which may interrupt the guest: after a restore, when all else is restored. */
    void unquiesce() {}

    /** The machine ends: the guest is not touched any more, by no thread. */
    @Override
    public synchronized void close() {
        closed = true;
    }

    /** Handles what waits in a queue, if the driver has begun and nothing is wrong. The lock must be held. */
    final void serve(int index) {
        Virtqueue queue = queues[index];
        if (!operating() || !queue.ready()) {
            return;
        }
        try {
            notified(index, queue);
            if (queue.publish()) {
                interrupt(USED);
            }
        } catch (BrokenRingException | GuestMemoryException e) {
            askForReset();
        }
    }

    private boolean operating() {
        return (status & (DRIVER_OK | NEEDS_RESET)) == DRIVER_OK && !closed;
    }

    /** Virtio 1.2, 2.1.2: no interrupt before the driver has begun. */
    private void askForReset() {
        status |= NEEDS_RESET;
        if ((status & DRIVER_OK) != 0) {
            interrupt(CHANGED);
        }
    }

    /** Every time, even if one is not acknowledged yet: a driver may look into the rings before it acknowledges. */
    private void interrupt(int cause) {
        interrupts |= cause;
        line.pulse();
    }

    @Override
    public final synchronized long read(long offset, int size) {
        if (offset >= CONFIG) {
            return readConfig(offset - CONFIG, size);
        }
        return size == 4 ? Integer.toUnsignedLong(readRegister((int) offset)) : 0;
    }

    private long readConfig(long offset, int size) {
        long value = 0;
        for (int i = (int) Math.min(size, config.capacity() - offset) - 1; i >= 0; i--) {
            value = value << 8 | Byte.toUnsignedInt(config.get((int) offset + i));
        }
        return value;
    }

    /** Configurations never change, so their generation is 0; regions of shared memory are not there, which a length and address of all ones say. */
    private int readRegister(int offset) {
        return switch (offset) {
            case 0x000 -> MAGIC;
            case 0x004 -> VERSION;
            case 0x008 -> id;
            case 0x00C -> VENDOR;
            case 0x010 -> half(features, offeredSelect);
            case 0x034 -> selected() ? queues[queueSelect].maxSize() : 0;
            case 0x044 -> selected() && queues[queueSelect].ready() ? 1 : 0;
            case 0x060 -> interrupts;
            case 0x070 -> status;
            case 0x0B0, 0x0B4, 0x0B8, 0x0BC -> -1;
            default -> 0;
        };
    }

    private static int half(long value, int select) {
        return switch (select) {
            case 0 -> (int) value;
            case 1 -> (int) (value >>> 32);
            default -> 0;
        };
    }

    private boolean selected() {
        return queueSelect >= 0 && queueSelect < queues.length;
    }

    @Override
    public final synchronized void write(long offset, int size, long value) {
        if (size == 4) {
            writeRegister((int) Math.min(offset, CONFIG), (int) value);
        }
    }

    private void writeRegister(int offset, int value) {
        switch (offset) {
            case 0x014 -> offeredSelect = value;
            case 0x020 -> accept(value);
            case 0x024 -> acceptedSelect = value;
            case 0x030 -> queueSelect = value;
            case 0x050 -> {
                if (value >= 0 && value < queues.length) {
                    serve(value);
                }
            }
            case 0x064 -> interrupts &= ~value;
            case 0x070 -> writeStatus(value);
            default -> {
                if (selected()) {
                    writeQueue(queues[queueSelect], offset, value);
                }
            }
        }
    }

    private void writeQueue(Virtqueue queue, int offset, int value) {
        switch (offset) {
            case 0x038 -> queue.resize(value);
            case 0x044 -> writeReady(queue, value);
            case 0x080 -> queue.descriptors(value, false);
            case 0x084 -> queue.descriptors(value, true);
            case 0x090 -> queue.driverArea(value, false);
            case 0x094 -> queue.driverArea(value, true);
            case 0x0A0 -> queue.deviceArea(value, false);
            case 0x0A4 -> queue.deviceArea(value, true);
            default -> {} // the specification has no more to write, or is not there
        }
    }

    private void writeReady(Virtqueue queue, int value) {
        if ((value & 1) == 0) {
            queue.reset();
            return;
        }
        try {
            queue.start();
        } catch (BrokenRingException e) {
            askForReset();
        }
    }

    private void accept(int half) {
        if ((status & FEATURES_OK) != 0) {
            return;
        }
        if (acceptedSelect == 0) {
            accepted = (accepted & ~0xFFFF_FFFFL) | Integer.toUnsignedLong(half);
        } else if (acceptedSelect == 1) {
            accepted = (accepted & 0xFFFF_FFFFL) | (long) half << 32;
        }
    }

    /** A driver only adds bits, or writes 0 to begin anew (virtio 1.2, 2.1.1); what it takes away stays. */
    private void writeStatus(int value) {
        if (value == 0) {
            reset();
            return;
        }
        status |= value & (ACKNOWLEDGE | DRIVER | FAILED);
        if ((value & FEATURES_OK) != 0 && (accepted & ~features) == 0 && (accepted & VERSION_1) != 0) {
            status |= FEATURES_OK;
        }
        if ((value & DRIVER_OK) != 0 && (status & FEATURES_OK) != 0) {
            status |= DRIVER_OK;
        }
    }

    private void reset() {
        status = 0;
        offeredSelect = 0;
        acceptedSelect = 0;
        accepted = 0;
        queueSelect = 0;
        interrupts = 0;
        for (Virtqueue queue : queues) {
            queue.reset();
        }
        forget();
    }

    @Override
    public final synchronized void save(StateWriter out) {
        out.putInt(id)
                .putInt(status)
                .putInt(offeredSelect)
                .putInt(acceptedSelect)
                .putLong(accepted)
                .putInt(queueSelect)
                .putInt(interrupts);
        for (Virtqueue queue : queues) {
            queue.save(out);
        }
        saveOwn(out);
    }

    /** After a failure the device is as after its reset. */
    @Override
    public final synchronized void restore(StateReader in) {
        boolean restored = false;
        try {
            restoreAll(in);
            restored = true;
        } finally {
            if (!restored) {
                reset();
            }
        }
    }

    private void restoreAll(StateReader in) {
        in.getInt("a virtio device of kind " + id, id, id);
        status = in.getInt("a status", 0, 0xFF);
        offeredSelect = in.getInt();
        acceptedSelect = in.getInt();
        accepted = in.getLong();
        queueSelect = in.getInt();
        interrupts = in.getInt("an interrupt status", 0, USED | CHANGED);
        if ((status & FEATURES_OK) != 0 && (accepted & ~features) != 0) {
            throw new StateFormatException("The state has features 0x" + Long.toHexString(accepted)
                    + " of the virtio device of kind " + id + ", which offers 0x" + Long.toHexString(features));
        }
        for (Virtqueue queue : queues) {
            queue.restore(in);
        }
        restoreOwn(in);
    }
}
