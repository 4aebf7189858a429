package dev.supermachine.vmm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A block device (virtio 1.2, 5.2). Requests are done one by one, on the thread of the vCPU that notifies: as many as make a few megabytes before the notification
 * returns, the others in turns before that thread enters the guest. In between other vCPUs get at the device, and the machine can be paused; what was not done by
 * then is done when it is resumed, as the ring says what it is.
 */
final class BlockDevice extends VirtioMmio {

    private static final int ID = 2;
    private static final long SIZE_MAX = 1 << 1;
    private static final long SEG_MAX = 1 << 2;
    private static final long READ_ONLY = 1 << 5;
    private static final long FLUSHES = 1 << 9;

    private static final int QUEUE = 0;
    private static final int QUEUE_SIZE = 128;

    /** All descriptors but those for the header and the status. Without it a driver would put one buffer into each request. */
    private static final int MAX_SEGMENTS = QUEUE_SIZE - 2;

    private static final int MAX_SEGMENT = 256 << 10;

    /** What follows from the two, and so no driver's loss: no request keeps a vCPU, and the lock, for long. */
    static final long MAX_BYTES = (long) MAX_SEGMENTS * MAX_SEGMENT;

    /** No request is begun in a turn in which so many bytes have been moved. */
    static final long TURN_BYTES = 4 << 20;

    private static final int SECTOR = 512;
    private static final int HEADER_BYTES = 16;
    private static final int NAME_BYTES = 20;

    private static final int IN = 0;
    private static final int OUT = 1;
    private static final int FLUSH = 4;
    private static final int GET_ID = 8;

    private static final byte OK = 0;
    private static final byte IO_ERROR = 1;
    private static final byte UNSUPPORTED = 2;

    private final BlockStore store;
    private final boolean readOnly;
    private final byte[] name;

    /** Whether requests may wait of which nobody will notify again. */
    private volatile boolean unfinished;

    private final ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    /**
     * One that waits for its driver.
     *
     * @param memory the guest's
     * @param line how to interrupt it
     * @param store what is on the disk; closed together with this. A last part of less than 512 bytes is not seen
     * @param readOnly whether the guest may only read
     * @param name what the guest is told when it asks who the disk is, of at most 20 bytes
     */
    BlockDevice(GuestMemory memory, InterruptLine line, BlockStore store, boolean readOnly, String name) {
        super(
                ID,
                SIZE_MAX | SEG_MAX | (readOnly ? READ_ONLY : FLUSHES),
                config(store.size() / SECTOR),
                new int[] {QUEUE_SIZE},
                memory,
                line);
        this.store = store;
        this.readOnly = readOnly;
        this.name = Arrays.copyOf(name.getBytes(StandardCharsets.US_ASCII), NAME_BYTES);
    }

    /** Capacity, size_max, seg_max; more is not offered. */
    private static byte[] config(long sectors) {
        return ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(sectors)
                .putInt(MAX_SEGMENT)
                .putInt(MAX_SEGMENTS)
                .array();
    }

    @Override
    void notified(int index, Virtqueue queue) {
        int waiting = queue.available();
        for (long moved = 0; waiting > 0 && moved < TURN_BYTES; waiting--) {
            DescriptorChain chain = queue.peek();
            if (chain.readable() < HEADER_BYTES || chain.writable() < 1) {
                throw new BrokenRingException("A request to a disk without a header or a status");
            }
            moved += chain.readable() + chain.writable();
            queue.use(serve(chain));
        }
        unfinished = waiting > 0;
    }

    @Override
    public boolean turn() {
        if (!unfinished) {
            return false;
        }
        synchronized (this) {
            unfinished = false;
            serve(QUEUE);
        }
        return true;
    }

    /** The machine may have been paused, or captured, between two turns. */
    @Override
    void unquiesce() {
        unfinished = true;
    }

    /** Does a request; says how many bytes of the buffers to write were written without a gap. */
    private long serve(DescriptorChain chain) {
        long answer = chain.writable() - 1;
        byte status;
        try {
            chain.read(0, header.clear());
            status = execute(header.getInt(0), header.getLong(8), chain, answer);
        } catch (IOException e) {
            status = IO_ERROR;
        }
        chain.writable(answer, 1).put(status);
        return status == OK || answer == 0 ? answer + 1 : 0;
    }

    private byte execute(int type, long sector, DescriptorChain chain, long answer) throws IOException {
        return switch (type) {
            case IN -> read(sector, chain, answer);
            case OUT -> write(sector, chain, chain.readable() - HEADER_BYTES);
            case FLUSH -> flush();
            case GET_ID -> identify(chain, answer);
            default -> UNSUPPORTED;
        };
    }

    private byte read(long sector, DescriptorChain chain, long length) throws IOException {
        if (!fits(sector, length)) {
            return IO_ERROR;
        }
        for (long done = 0; done < length; ) {
            ByteBuffer part = chain.writable(done, length - done);
            int bytes = part.remaining();
            store.read(sector * SECTOR + done, part);
            done += bytes;
        }
        return OK;
    }

    private byte write(long sector, DescriptorChain chain, long length) throws IOException {
        if (readOnly || !fits(sector, length)) {
            return IO_ERROR;
        }
        for (long done = 0; done < length; ) {
            ByteBuffer part = chain.readable(HEADER_BYTES + done, length - done);
            int bytes = part.remaining();
            store.write(sector * SECTOR + done, part);
            done += bytes;
        }
        return OK;
    }

    private boolean fits(long sector, long length) {
        long sectors = store.size() / SECTOR;
        return length % SECTOR == 0
                && length <= MAX_BYTES
                && sector >= 0
                && sector <= sectors
                && length / SECTOR <= sectors - sector;
    }

    private byte flush() throws IOException {
        store.flush();
        return OK;
    }

    private byte identify(DescriptorChain chain, long room) {
        chain.write(0, ByteBuffer.wrap(name, 0, (int) Math.min(room, NAME_BYTES)));
        return OK;
    }

    /** Whatever the state is, the guest's memory knows the disk as it was before anything was written. */
    @Override
    void restoreOwn(StateReader in) {
        unfinished = false;
        store.discard();
    }

    @Override
    void saveOwn(StateWriter out) {}

    @Override
    void forget() {
        unfinished = false;
    }

    @Override
    public synchronized void close() {
        super.close();
        try {
            store.close();
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot close what a disk is kept in", e);
        }
    }
}
