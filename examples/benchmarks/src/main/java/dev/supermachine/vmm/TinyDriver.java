package dev.supermachine.vmm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Tiny guests that are the driver of a virtio device: before they begin they reset it and lay out a ring, and their work is to move bytes through it. They take no
 * interrupts, but look into the ring. Thread-safe.
 *
 * @since 0.1
 */
public final class TinyDriver {

    /** How many bytes a guest sends to the host in one request: what Linux makes of a long write to such a port. */
    static final int SENT = 32 << 10;

    private static final int PAGE = 4096;
    private static final int SECTOR = 512;

    private static final int BLOCK_QUEUE = 0;
    private static final int BLOCK_SIZE = 128;
    private static final int CONTROL_QUEUE = 3;
    private static final int TO_GUEST_QUEUE = 4;
    private static final int TO_HOST_QUEUE = 5;
    private static final int CONSOLE_SIZE = 32;
    private static final int MULTIPORT = 2;
    private static final int PORT_OPEN = 6;

    private static final int NEXT = 1;
    private static final int WRITE = 2;

    /** Where the rings are, of which each part has a page. */
    private static final int RING = 0x10000;

    private static final int CONTROL_RING = 0x14000;
    private static final int AVAILABLE = PAGE;
    private static final int USED = 2 * PAGE;

    private static final int HEADER = 0x18000;
    private static final int STATUS = 0x19000;
    private static final int MESSAGE = 0x1A000;

    /** The first buffer; no two of several lie side by side. */
    private static final int BUFFERS = 1 << 20;

    private static final int STRIDE = 2 * PAGE;

    private final ByteBuffer before = ByteBuffer.allocate(2048).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer work = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
    private final Map<Long, byte[]> data = new TreeMap<>();
    private final int registers;

    private TinyDriver(int slot, int features) {
        registers = (int) MachineLayout.virtio(slot);
        set(0x070, 0);
        set(0x070, 1 | 2); // ACKNOWLEDGE, DRIVER
        set(0x024, 0);
        set(0x020, features);
        set(0x024, 1);
        set(0x020, 1); // VERSION_1
        set(0x070, 1 | 2 | 8); // FEATURES_OK
    }

    /**
     * One that reads its disk from the begin on, one request after the other.
     *
     * @param requests how many
     * @param bytes how many each, whole pages, of which each is a buffer of its own; at most 126 pages
     * @return the guest
     */
    public static TinyGuest reading(int requests, int bytes) {
        TinyDriver driver = new TinyDriver(0, 0);
        int pages = bytes / PAGE;
        ByteBuffer table = words(16 * (pages + 2));
        describe(table, HEADER, 16, NEXT, 1);
        for (int page = 0; page < pages; page++) {
            describe(table, BUFFERS + page * STRIDE, PAGE, NEXT | WRITE, page + 2);
        }
        describe(table, STATUS, 1, WRITE, 0);
        driver.place(RING, table);
        // Anything but "done".
        driver.data.put((long) STATUS, new byte[] {(byte) 0xFF});
        driver.layOut(RING, BLOCK_QUEUE, BLOCK_SIZE, 0);
        driver.go();
        int begin = driver.repeat(requests);
        driver.request(BLOCK_QUEUE);
        driver.work.put((byte) 0x81).put((byte) 0x05).putInt(HEADER + 8).putInt(bytes / SECTOR); // add [sector], more
        driver.again(begin);
        return driver.guest();
    }

    /**
     * Fails unless such a guest has read all of its requests.
     *
     * @param memory what it worked on
     * @param requests how many
     * @param bytes how many each
     * @param disk what is on the disk
     */
    static void checkRead(GuestMemory memory, int requests, int bytes, byte[] disk) {
        expect("requests", requests, memory.getShort(RING + USED + 2));
        expect("status", 0, memory.getByte(STATUS));
        ByteBuffer page = ByteBuffer.allocate(PAGE);
        for (int at = 0; at < bytes; at += PAGE) {
            memory.read(BUFFERS + (long) at / PAGE * STRIDE, page.clear());
            int from = (requests - 1) * bytes + at;
            expect("difference", -1, page.flip().mismatch(ByteBuffer.wrap(disk, from, PAGE)));
        }
    }

    /**
     * One that sends bytes to the agent's port.
     *
     * @param bytes how many, whole requests
     * @return the guest
     */
    public static TinyGuest sending(int bytes) {
        TinyDriver driver = new TinyDriver(1, MULTIPORT);
        ByteBuffer table = words(16);
        describe(table, BUFFERS, SENT, 0, 0);
        driver.place(RING, table);
        driver.data.put((long) BUFFERS, bytes(SENT));
        driver.layOut(RING, TO_HOST_QUEUE, CONSOLE_SIZE, 0);
        driver.go();
        int begin = driver.repeat(bytes / SENT);
        driver.request(TO_HOST_QUEUE);
        driver.again(begin);
        return driver.guest();
    }

    /**
     * One that opens the agent's port before it begins, and takes bytes that come there: into as many pages as Linux has for it, each used again at once.
     *
     * @param bytes how many
     * @return the guest
     */
    public static TinyGuest receiving(int bytes) {
        TinyDriver driver = new TinyDriver(1, MULTIPORT);
        ByteBuffer table = words(16 * CONSOLE_SIZE);
        for (int i = 0; i < CONSOLE_SIZE; i++) {
            describe(table, BUFFERS + i * STRIDE, PAGE, WRITE, 0);
        }
        driver.place(RING, table);
        driver.layOut(RING, TO_GUEST_QUEUE, CONSOLE_SIZE, CONSOLE_SIZE);
        ByteBuffer control = words(16);
        describe(control, MESSAGE, 8, 0, 0);
        driver.place(CONTROL_RING, control);
        driver.place(MESSAGE, words(8).putInt(1).putShort((short) PORT_OPEN).putShort((short) 1));
        driver.layOut(CONTROL_RING, CONTROL_QUEUE, CONSOLE_SIZE, 1);
        driver.go();
        driver.set(0x050, CONTROL_QUEUE);
        driver.set(0x050, TO_GUEST_QUEUE);
        driver.receive(bytes);
        return driver.guest();
    }

    /**
     * Fails unless bytes are what such a guest sends.
     *
     * @param sent all of them, up to the buffer's position
     */
    public static void checkSent(ByteBuffer sent) {
        ByteBuffer expected = ByteBuffer.wrap(bytes(SENT));
        for (int at = 0; at < sent.position(); at += SENT) {
            expect("difference", -1, sent.slice(at, SENT).mismatch(expected));
        }
    }

    /** Bytes that look like nothing in particular, the same each time. */
    static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(7).nextBytes(bytes);
        return bytes;
    }

    private TinyGuest guest() {
        return TinyGuest.of(filled(before), filled(work), data);
    }

    /** Sets a register of the device, before the work. */
    private void set(int register, int value) {
        set(before, register, value);
    }

    private void set(ByteBuffer code, int register, int value) {
        code.put((byte) 0xC7)
                .put((byte) 0x05)
                .putInt(registers + register)
                .putInt(value); // mov dword [register], value
    }

    /** A ring whose driver wants no interrupts and offers so many descriptors at once, each of them a chain; or the first again and again. */
    private void layOut(int ring, int queue, int size, int offered) {
        ByteBuffer available = words(4 + 2 * size).putShort((short) 1).putShort((short) offered);
        for (int i = 0; i < offered; i++) {
            available.putShort((short) i);
        }
        place(ring + AVAILABLE, available);
        set(0x030, queue);
        set(0x038, size);
        set(0x080, ring);
        set(0x084, 0);
        set(0x090, ring + AVAILABLE);
        set(0x094, 0);
        set(0x0A0, ring + USED);
        set(0x0A4, 0);
        set(0x044, 1);
    }

    private void place(int address, ByteBuffer written) {
        data.put((long) address, filled(written));
    }

    private void go() {
        set(0x070, 1 | 2 | 4 | 8); // DRIVER_OK
    }

    /** Begins a loop. */
    private int repeat(int times) {
        work.put((byte) 0xB9).putInt(times); // mov ecx, times
        return work.position();
    }

    private void again(int begin) {
        work.put((byte) 0x49); // dec ecx
        jump((byte) 0x75, begin); // jnz
    }

    /** Offers the chain of the first descriptor and waits until it was used. */
    private void request(int queue) {
        work.put((byte) 0x66).put((byte) 0xFF).put((byte) 0x05).putInt(RING + AVAILABLE + 2); // inc word [index]
        set(work, 0x050, queue);
        int look = work.position();
        work.put((byte) 0x66).put((byte) 0xA1).putInt(RING + AVAILABLE + 2); // mov ax, [index]
        work.put((byte) 0x66).put((byte) 0x3B).put((byte) 0x05).putInt(RING + USED + 2); // cmp ax, [used index]
        jump((byte) 0x75, look); // jne
    }

    private void receive(int bytes) {
        work.put((byte) 0x31).put((byte) 0xD2); // xor edx, edx: how many were seen
        work.put((byte) 0xB9).putInt(bytes); // mov ecx, bytes
        int look = work.position();
        work.put((byte) 0x66).put((byte) 0x3B).put((byte) 0x15).putInt(RING + USED + 2); // cmp dx, [used index]
        jump((byte) 0x74, look); // je
        work.put((byte) 0x89).put((byte) 0xD0); // mov eax, edx
        work.put((byte) 0x83).put((byte) 0xE0).put((byte) (CONSOLE_SIZE - 1)); // and eax, size - 1
        work.put((byte) 0x2B).put((byte) 0x0C).put((byte) 0xC5).putInt(RING + USED + 8); // sub ecx, [its length]
        work.put((byte) 0x42); // inc edx
        // The device's flag must not be read before the index is written.
        work.put((byte) 0xF0).put((byte) 0x66).put((byte) 0xFF).put((byte) 0x05); // lock inc word [index]
        work.putInt(RING + AVAILABLE + 2);
        work.put((byte) 0xF6).put((byte) 0x05).putInt(RING + USED).put((byte) 1); // test byte [flags], 1
        work.put((byte) 0x75).put((byte) 10); // jnz behind the next
        set(work, 0x050, TO_GUEST_QUEUE);
        work.put((byte) 0x85).put((byte) 0xC9); // test ecx, ecx
        jump((byte) 0x7F, look); // jg
    }

    private void jump(byte instruction, int target) {
        work.put(instruction).put((byte) (target - work.position() - 1));
    }

    private static void describe(ByteBuffer table, int address, int length, int flags, int next) {
        table.putLong(address).putInt(length).putShort((short) flags).putShort((short) next);
    }

    private static ByteBuffer words(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] filled(ByteBuffer code) {
        byte[] bytes = new byte[code.position()];
        code.flip().get(bytes);
        return bytes;
    }

    private static void expect(String what, int expected, int found) {
        if (found != expected) {
            throw new IllegalStateException("Expected " + what + " " + expected + " of the guest, but found " + found);
        }
    }
}
