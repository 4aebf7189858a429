package dev.supermachine.vmm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;

/**
 * A guest without a plan: mostly requests as they should be, and among them everything that they should not be. Its rings are at known places, where it also writes
 * at random.
 */
final class ChaosGuest {

    private static final int[] REGISTERS = {
        0x000, 0x004, 0x008, 0x00C, 0x010, 0x014, 0x020, 0x024, 0x030, 0x034, 0x038, 0x044, 0x050, 0x060, 0x064, 0x070,
        0x080, 0x084, 0x090, 0x094, 0x0A0, 0x0A4, 0x0AC, 0x0B0, 0x0C0, 0x0FC, 0x100, 0x104, 0x108, 0x10C
    };
    private static final int[] SIZES = {1, 2, 4, 8};
    private static final long RINGS = 0x1000;
    private static final long RING_SPAN = 0x2000;
    private static final long DRIVER_AREA = 0x1000;
    private static final long DEVICE_AREA = 0x1800;

    private final GuestMemory memory;
    private final VirtioMmio device;
    private final Random random;
    private final int queues;
    private final int[] available;
    private final int[] entries;
    private final int size;
    private byte[] saved = new byte[0];

    /** One that plays with a device of so many queues of one size. */
    ChaosGuest(GuestMemory memory, VirtioMmio device, int queues, Random random) {
        this.memory = memory;
        this.device = device;
        this.random = random;
        this.queues = queues;
        available = new int[queues];
        write(0x030, 0);
        size = (int) device.read(0x034, 4);
        entries = new int[queues];
        Arrays.fill(entries, size);
    }

    private void write(int register, int value) {
        device.write(register, 4, Integer.toUnsignedLong(value));
    }

    /** Does one thing. */
    void step() {
        switch (random.nextInt(32)) {
            case 0 -> device.write(register(), SIZES[random.nextInt(4)], value());
            case 1 -> write(register(), (int) value());
            case 2 -> device.read(register(), SIZES[random.nextInt(4)]);
            case 3 -> device.read(random.nextInt(0x1000), SIZES[random.nextInt(4)]);
            case 4 -> write(0x064, random.nextInt(4));
            case 5 -> save();
            case 6 -> restore();
            case 7 -> mangle();
            case 8, 9, 10 -> begin();
            default -> request();
        }
    }

    /** If the device is of no use any more, and sometimes anyway, as a good driver does. */
    private void begin() {
        int status = (int) device.read(0x070, 4);
        if ((status & (4 | 64)) == 4 && random.nextInt(100) != 0) {
            return;
        }
        write(0x070, 0);
        for (int half = 0; half < 2; half++) {
            write(0x014, half);
            write(0x024, half);
            write(0x020, (int) device.read(0x010, 4));
        }
        write(0x070, 1 | 2 | 8);
        for (int queue = 0; queue < queues; queue++) {
            entries[queue] = random.nextInt(4) == 0 ? 1 << random.nextInt(4) : size;
            layOut(queue, entries[queue]);
        }
        write(0x070, 1 | 2 | 4 | 8);
    }

    private void layOut(int queue, int entries) {
        long ring = ring(queue);
        memory.putInt(ring + DRIVER_AREA, 0);
        memory.putInt(ring + DEVICE_AREA, 0);
        available[queue] = 0;
        write(0x030, queue);
        write(0x038, entries);
        write(0x080, (int) ring);
        write(0x090, (int) (ring + DRIVER_AREA));
        write(0x0A0, (int) (ring + DEVICE_AREA));
        write(0x044, 1);
    }

    private static long ring(int queue) {
        return RINGS + RING_SPAN * queue;
    }

    /** A chain of a few buffers, and a notification. */
    private void request() {
        int queue = random.nextInt(queues);
        long ring = ring(queue);
        int count = entries[queue];
        int parts = 1 + random.nextInt(4);
        int readable = random.nextInt(parts + 1);
        int first = random.nextInt(count);
        for (int i = 0; i < parts; i++) {
            int flags = (i < readable ? 0 : 2) | (i < parts - 1 ? 1 : 0);
            describe(ring + 16L * ((first + i) % count), i == 0 && readable > 0, flags, (first + i + 1) % count);
        }
        memory.putShort(ring + DRIVER_AREA + 4 + 2L * (available[queue] % count), first);
        available[queue] = (available[queue] + 1) & 0xFFFF;
        memory.putShort(ring + DRIVER_AREA + 2, available[queue]);
        if (random.nextInt(4) != 0) {
            write(0x050, queue);
        }
    }

    private void describe(long descriptor, boolean first, int flags, int next) {
        int bad = random.nextInt(800);
        int length = random.nextInt(8) == 0 ? random.nextInt(0x20000) : random.nextInt(4) * 512 + random.nextInt(2);
        long address = random.nextInt((int) GuardedMemory.LOW_END - length - 64);
        if (first) {
            address = 0x40000L + random.nextInt(0x40000);
            length = random.nextBoolean() ? 8 : 16;
            header(address);
        }
        memory.putLong(descriptor, bad == 0 ? value() : address);
        memory.putInt(descriptor + 8, bad == 1 ? (int) value() : length);
        memory.putShort(descriptor + 12, bad == 2 ? random.nextInt(8) : bad == 3 ? flags | 1 : flags);
        memory.putShort(descriptor + 14, bad == 3 ? random.nextInt(size + 1) : next);
    }

    /** Both a message to a console and the header of a request to a disk, now and then one that makes sense. */
    private void header(long address) {
        ByteBuffer header = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(random.nextInt(4) == 0 ? (int) value() : random.nextInt(3));
        header.putShort((short) random.nextInt(8)).putShort((short) random.nextInt(2));
        header.putLong(random.nextInt(4) == 0 ? value() : random.nextInt(40));
        memory.write(address, header.flip());
    }

    private void mangle() {
        if (random.nextInt(20) == 0) {
            long at = RINGS + random.nextInt((int) RING_SPAN * queues);
            ByteBuffer bytes = ByteBuffer.allocate(1 + random.nextInt(8));
            random.nextBytes(bytes.array());
            memory.write(at, bytes);
        }
    }

    private void save() {
        StateWriter out = new StateWriter();
        device.save(out);
        saved = out.toBytes();
    }

    private void restore() {
        if (random.nextInt(20) != 0) {
            return;
        }
        byte[] state = saved.clone();
        if (state.length > 0 && random.nextInt(4) == 0) {
            state[random.nextInt(state.length)] = (byte) random.nextInt();
        }
        try {
            device.restore(new StateReader(state));
        } catch (StateFormatException e) {
            if (device.read(0x070, 4) != 0) {
                throw new AssertionError("A state that was refused left something behind", e);
            }
        }
    }

    private int register() {
        return random.nextInt(20) == 0 ? random.nextInt(0x1000) : REGISTERS[random.nextInt(REGISTERS.length)];
    }

    private long value() {
        return switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> -1;
            case 2 -> random.nextLong();
            case 3 -> GuardedMemory.END - random.nextInt(32);
            case 4 -> 1L << random.nextInt(64);
            case 5 -> RINGS + random.nextInt((int) RING_SPAN * queues);
            default -> random.nextInt(16);
        };
    }
}
