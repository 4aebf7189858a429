package dev.supermachine.vmm;

import dev.supermachine.fuzz.Oracle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/**
 * Bytes as what a guest does with a virtio device: accesses of its registers, and writes to its memory, where its queues may be. Each step begins with a byte that
 * says which; whatever the bytes do not reach to is zero. Of the two parts of the memory each lies between bytes that must not change.
 */
final class VirtioScript {

    static final int PART = 0x8000;
    private static final int GUARD = 256;
    private static final byte GUARD_BYTE = 0x5A;

    private static final long RING_SPAN = 0x800;
    private static final long DRIVER_AREA = 0x400;
    private static final long DEVICE_AREA = 0x500;
    private static final int RING_SIZE = 16;

    /** Cleared, not made anew, for a direct buffer is costly. */
    private static final List<ByteBuffer> BACKING = List.of(backing(), backing());

    static final GuestMemory MEMORY = new GuestMemory(List.of(part(0, BACKING.get(0)), part(PART, BACKING.get(1))));

    private final VirtioMmio device;
    private final int queues;
    private final ByteBuffer input;
    private final Runnable host;
    private byte[] saved = new byte[0];

    /**
     * One over a fresh device.
     *
     * @param device the device, with {@link #MEMORY}
     * @param queues how many queues it has
     * @param input what to do
     * @param host does what else there is to do besides the guest's accesses, with bytes from {@link #next}
     */
    VirtioScript(VirtioMmio device, int queues, byte[] input, Host host) {
        this.device = device;
        this.queues = queues;
        this.input = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
        this.host = () -> host.act(this);
        for (ByteBuffer all : BACKING) {
            byte[] clear = new byte[all.capacity()];
            Arrays.fill(clear, 0, GUARD, GUARD_BYTE);
            Arrays.fill(clear, clear.length - GUARD, clear.length, GUARD_BYTE);
            all.put(0, clear);
        }
    }

    /** The host's side of a device. */
    interface Host {
        void act(VirtioScript script);
    }

    private static ByteBuffer backing() {
        return ByteBuffer.allocateDirect(PART + 2 * GUARD);
    }

    private static GuestMemory.Part part(long address, ByteBuffer all) {
        return new GuestMemory.Part(address, all.slice(GUARD, PART));
    }

    /** Does all of it, and then sees to it that nothing beside the memory has changed. */
    void run() {
        while (input.hasRemaining()) {
            step();
        }
        for (ByteBuffer all : BACKING) {
            for (int i = 0; i < GUARD; i++) {
                Oracle.require(
                        all.get(i) == GUARD_BYTE && all.get(all.capacity() - 1 - i) == GUARD_BYTE,
                        "something was written beside the guest's memory");
            }
        }
    }

    private void step() {
        switch ((int) next(1) & 15) {
            case 0 -> write((int) next(1) * 4, (int) next(4));
            case 1 -> device.write(next(2) & 0xFFF, size(), next(8));
            case 2 -> device.read(next(2) & 0xFFF, size());
            case 3 -> poke();
            case 4 -> write(0x050, (int) next(1));
            case 5 -> begin();
            case 6 -> describe();
            case 7 -> offer((int) next(1) % queues, (int) next(1));
            case 8 -> save();
            case 9 -> restore();
            default -> host.run();
        }
    }

    /** So many of the next bytes as a number. */
    long next(int bytes) {
        long value = 0;
        for (int i = 0; i < bytes && input.hasRemaining(); i++) {
            value |= (input.get() & 0xFFL) << (8 * i);
        }
        return value;
    }

    private int size() {
        return 1 << (next(1) & 3);
    }

    void write(int register, int value) {
        device.write(register, 4, Integer.toUnsignedLong(value));
    }

    private void poke() {
        int at = (int) next(2);
        byte[] bytes = new byte[Math.min((int) next(1), 2 * PART - at)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) next(1);
        }
        MEMORY.write(at, ByteBuffer.wrap(bytes));
    }

    /** As a good driver does it, so that not every input must find out how. */
    void begin() {
        write(0x070, 0);
        for (int half = 0; half < 2; half++) {
            write(0x014, half);
            write(0x024, half);
            write(0x020, (int) device.read(0x010, 4));
        }
        write(0x070, 1 | 2 | 8);
        for (int queue = 0; queue < queues; queue++) {
            long ring = ring(queue);
            MEMORY.putInt(ring + DRIVER_AREA, 0);
            MEMORY.putInt(ring + DEVICE_AREA, 0);
            write(0x030, queue);
            write(0x038, Math.min(RING_SIZE, (int) device.read(0x034, 4)));
            write(0x080, (int) ring);
            write(0x090, (int) (ring + DRIVER_AREA));
            write(0x0A0, (int) (ring + DEVICE_AREA));
            write(0x044, 1);
        }
        write(0x070, 1 | 2 | 4 | 8);
    }

    private static long ring(int queue) {
        return RING_SPAN * queue;
    }

    private void describe() {
        int place = (int) next(1);
        describe(place >> 4, place & 15, next(4), (int) next(3), (int) next(1), (int) next(1));
    }

    /** Puts a descriptor into the table of a queue. */
    void describe(int queue, int index, long address, int length, int flags, int next) {
        long at = ring(queue % queues) + 16L * index;
        MEMORY.putLong(at, address);
        MEMORY.putInt(at + 8, length);
        MEMORY.putShort(at + 12, flags);
        MEMORY.putShort(at + 14, next);
    }

    /** Puts a chain into a queue. */
    void offer(int queue, int head) {
        long area = ring(queue) + DRIVER_AREA;
        int index = MEMORY.getShort(area + 2);
        write(0x030, queue);
        int size = Math.min(RING_SIZE, (int) device.read(0x034, 4));
        MEMORY.putShort(area + 4 + 2L * (index % size), head);
        MEMORY.putShort(area + 2, index + 1);
    }

    /** How many chains of a queue are done with. */
    int used(int queue) {
        return MEMORY.getShort(ring(queue) + DEVICE_AREA + 2);
    }

    private void save() {
        StateWriter out = new StateWriter();
        device.save(out);
        saved = out.toBytes();
    }

    private void restore() {
        byte[] state = saved.clone();
        int at = (int) next(2);
        if (at < state.length) {
            state[at] = (byte) next(1);
        }
        try {
            device.restore(new StateReader(state));
        } catch (StateFormatException e) {
            Oracle.requireGoodMessage(e);
            Oracle.requireEqual(0L, device.read(0x070, 4), "the status after a state that was refused");
        }
    }
}
