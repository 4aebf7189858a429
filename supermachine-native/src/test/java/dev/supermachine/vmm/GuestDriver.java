package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

/** A driver as a guest has one: registers and rings, and nothing of the device but what a guest sees of it. */
final class GuestDriver {

    static final int ACKNOWLEDGE = 1;
    static final int DRIVER = 2;
    static final int DRIVER_OK = 4;
    static final int FEATURES_OK = 8;
    static final int NEEDS_RESET = 64;
    static final long VERSION_1 = 1L << 32;

    final GuestMemory memory;
    private final IoRegion device;
    private long free = 0x1000;

    GuestDriver(GuestMemory memory, IoRegion device) {
        this.memory = memory;
        this.device = device;
    }

    int read(int register) {
        return (int) device.read(register, 4);
    }

    void write(int register, int value) {
        device.write(register, 4, Integer.toUnsignedLong(value));
    }

    long config(int offset, int size) {
        return device.read(0x100 + offset, size);
    }

    int status() {
        return read(0x070);
    }

    /** Up to the point where queues are laid out; the features must be taken. */
    void negotiate(long features) {
        reset();
        accept(features);
        write(0x070, ACKNOWLEDGE | DRIVER | FEATURES_OK);
        assertThat(status()).isEqualTo(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    }

    void reset() {
        write(0x070, 0);
        assertThat(status()).isZero();
        free = 0x1000;
    }

    long offered() {
        write(0x014, 0);
        long low = Integer.toUnsignedLong(read(0x010));
        write(0x014, 1);
        return low | (long) read(0x010) << 32;
    }

    void accept(long features) {
        write(0x024, 0);
        write(0x020, (int) features);
        write(0x024, 1);
        write(0x020, (int) (features >>> 32));
    }

    void go() {
        write(0x070, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
        assertThat(status()).isEqualTo(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
    }

    /** What the device has to say since this was asked last, acknowledged. */
    int takeInterrupts() {
        int status = read(0x060);
        write(0x064, status);
        return status;
    }

    long allocate(int length, int alignment) {
        long at = (free + alignment - 1) / alignment * alignment;
        free = at + length;
        return at;
    }

    Ring ring(int index) {
        write(0x030, index);
        return ring(index, read(0x034));
    }

    Ring ring(int index, int size) {
        long descriptors = allocate(16 * size, 16);
        long driverArea = allocate(6 + 2 * size, 2);
        long deviceArea = allocate(6 + 8 * size, 4);
        clear(driverArea, 6 + 2 * size);
        clear(deviceArea, 6 + 8 * size);
        Ring ring = new Ring(index, size, descriptors, driverArea, deviceArea);
        ring.layOut();
        return ring;
    }

    private void clear(long address, int length) {
        memory.write(address, ByteBuffer.allocate(length));
    }

    /** A buffer of a request. */
    record Buffer(long address, int length, boolean writable) {}

    /** A request that is done. */
    record Used(int head, int length, List<Buffer> buffers) {}

    /** One queue. Not all that it lets do is allowed. */
    final class Ring {

        final int index;
        final int size;
        final long descriptors;
        final long driverArea;
        final long deviceArea;
        private final Queue<Integer> unused = new ArrayDeque<>();
        private final List<List<Buffer>> pending = new ArrayList<>();
        private int available;
        private int seen;

        private Ring(int index, int size, long descriptors, long driverArea, long deviceArea) {
            this.index = index;
            this.size = size;
            this.descriptors = descriptors;
            this.driverArea = driverArea;
            this.deviceArea = deviceArea;
            for (int i = 0; i < size; i++) {
                unused.add(i);
                pending.add(List.of());
            }
        }

        void layOut() {
            write(0x030, index);
            write(0x038, size);
            address(0x080, descriptors);
            address(0x090, driverArea);
            address(0x0A0, deviceArea);
            write(0x044, 1);
            assertThat(read(0x044)).isEqualTo(1);
        }

        private void address(int register, long address) {
            write(register, (int) address);
            write(register + 4, (int) (address >>> 32));
        }

        /** Fresh buffers of these sizes, as one request. */
        int add(List<byte[]> toRead, int... toWrite) {
            List<Buffer> buffers = new ArrayList<>();
            for (byte[] bytes : toRead) {
                long at = allocate(bytes.length, 8);
                memory.write(at, ByteBuffer.wrap(bytes));
                buffers.add(new Buffer(at, bytes.length, false));
            }
            for (int length : toWrite) {
                buffers.add(new Buffer(allocate(length, 8), length, true));
            }
            return add(buffers);
        }

        int add(List<Buffer> buffers) {
            int head = unused.element();
            for (int i = 0; i < buffers.size(); i++) {
                Buffer buffer = buffers.get(i);
                int descriptor = unused.remove();
                boolean last = i == buffers.size() - 1;
                describe(
                        descriptor,
                        buffer.address(),
                        buffer.length(),
                        (buffer.writable() ? 2 : 0) | (last ? 0 : 1),
                        last ? 0 : unused.element());
            }
            pending.set(head, buffers);
            offer(head);
            return head;
        }

        void describe(int descriptor, long address, int length, int flags, int next) {
            long at = descriptors + 16L * descriptor;
            memory.putLong(at, address);
            memory.putInt(at + 8, length);
            memory.putShort(at + 12, flags);
            memory.putShort(at + 14, next);
        }

        /** Puts a head into the available ring. */
        void offer(int head) {
            memory.putShort(driverArea + 4 + 2L * (available % size), head);
            available = (available + 1) & 0xFFFF;
            memory.putShortRelease(driverArea + 2, available);
        }

        /** Claims so many more than there are. */
        void skip(int more) {
            available = (available + more) & 0xFFFF;
            memory.putShortRelease(driverArea + 2, available);
        }

        void kick() {
            write(0x050, index);
        }

        /** Kicks unless the device asked not to. */
        void kickIfWanted() {
            if (wantsKick()) {
                kick();
            }
        }

        boolean wantsKick() {
            return (memory.getShort(deviceArea) & 1) == 0;
        }

        void wantInterrupts(boolean value) {
            memory.putShort(driverArea, value ? 0 : 1);
        }

        List<Used> takeUsed() {
            List<Used> taken = new ArrayList<>();
            for (; seen != memory.getShortAcquire(deviceArea + 2); seen = (seen + 1) & 0xFFFF) {
                long element = deviceArea + 4 + 8L * (seen % size);
                int head = memory.getInt(element);
                List<Buffer> buffers = pending.get(head);
                taken.add(new Used(head, memory.getInt(element + 4), buffers));
                free(head, buffers.size());
            }
            return taken;
        }

        private void free(int head, int count) {
            for (int i = 0, at = head; i < count; i++, at = memory.getShort(descriptors + 16L * at + 14)) {
                unused.add(at);
            }
            pending.set(head, List.of());
        }

        Used takeOneUsed() {
            List<Used> taken = takeUsed();
            assertThat(taken).hasSize(1);
            return taken.get(0);
        }

        /** What the device wrote into the writable buffers of a request. */
        byte[] written(Used used) {
            ByteBuffer bytes = ByteBuffer.allocate(used.length());
            for (Buffer buffer : used.buffers()) {
                if (buffer.writable() && bytes.hasRemaining()) {
                    ByteBuffer part = bytes.slice().limit(Math.min(bytes.remaining(), buffer.length()));
                    memory.read(buffer.address(), part);
                    bytes.position(bytes.position() + part.position());
                }
            }
            assertThat(bytes.remaining()).isZero();
            return bytes.array();
        }
    }
}
