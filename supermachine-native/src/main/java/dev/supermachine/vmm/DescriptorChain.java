package dev.supermachine.vmm;

import java.nio.ByteBuffer;

/**
 * The buffers of one request: first what the device reads, then what it writes; either may be missing. The descriptors were copied and checked when the chain was
 * parsed, so that a guest which changes them meanwhile changes nothing here. How the bytes are cut into buffers means nothing (virtio 1.2, 2.7.4). One object is
 * used for chain after chain.
 */
final class DescriptorChain {

    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;

    private final GuestMemory memory;
    private final long[] addresses;
    private final long[] lengths;
    private int head;
    private int count;
    private int firstWritable;
    private long readable;
    private long writable;

    /** None yet, in this memory, of at most so many descriptors. */
    DescriptorChain(GuestMemory memory, int most) {
        this.memory = memory;
        addresses = new long[most];
        lengths = new long[most];
    }

    /**
     * Takes the place of the chain before.
     *
     * @param table the address of the descriptor table
     * @param size how many descriptors it has, which is also the most that a chain can have
     * @param first the index of the chain's first, unchecked
     * @throws BrokenRingException if it is no chain
     * @throws GuestMemoryException if a buffer is not all in the guest's memory
     */
    void parse(long table, int size, int first) {
        head = first;
        count = 0;
        firstWritable = -1;
        readable = 0;
        writable = 0;
        int index = first;
        for (int seen = 0; ; seen++) {
            if (index >= size) {
                throw new BrokenRingException("There is no descriptor " + index + " in a table of " + size);
            }
            if (seen == size) {
                throw new BrokenRingException("The chain of descriptor " + first + " has a loop");
            }
            long at = table + 16L * index;
            long address = memory.getLong(at);
            long length = Integer.toUnsignedLong(memory.getInt(at + 8));
            int flagsAndNext = memory.getInt(at + 12);
            add(address, length, flagsAndNext);
            if ((flagsAndNext & NEXT) == 0) {
                break;
            }
            index = flagsAndNext >>> 16;
        }
        if (firstWritable < 0) {
            firstWritable = count;
        }
    }

    private void add(long address, long length, int flags) {
        if ((flags & INDIRECT) != 0) {
            throw new BrokenRingException("An indirect descriptor, which was not offered");
        }
        if ((flags & WRITE) != 0) {
            if (firstWritable < 0) {
                firstWritable = count;
            }
            writable += length;
        } else if (firstWritable >= 0) {
            throw new BrokenRingException("A buffer for the device to read behind one for it to write");
        } else {
            readable += length;
        }
        if (length > 0) {
            memory.check(address, length);
            addresses[count] = address;
            lengths[count] = length;
            count++;
        }
    }

    /** The index of the first descriptor, which names the chain in the used ring. */
    int head() {
        return head;
    }

    /** How many bytes the device may read. */
    long readable() {
        return readable;
    }

    /** How many bytes the device may write. */
    long writable() {
        return writable;
    }

    /**
     * What the device may read, in place.
     *
     * @param offset where from, less than {@link #readable()}
     * @param most how many bytes are wanted, at least 1
     * @return as many bytes, or fewer if a buffer ends before
     */
    ByteBuffer readable(long offset, long most) {
        return slice(0, offset, most);
    }

    /** What the device may write, in place; as {@link #readable(long, long)}. */
    ByteBuffer writable(long offset, long most) {
        return slice(firstWritable, offset, most);
    }

    /** Fills the target's remaining bytes with what is at an offset of the bytes to read; all must be there. */
    void read(long offset, ByteBuffer target) {
        long at = offset;
        while (target.hasRemaining()) {
            ByteBuffer part = readable(at, target.remaining());
            at += part.remaining();
            target.put(part);
        }
    }

    /** Puts the source's remaining bytes at an offset of the bytes to write; there must be room for all. */
    void write(long offset, ByteBuffer source) {
        long at = offset;
        int end = source.limit();
        while (source.position() < end) {
            ByteBuffer part = writable(at, end - source.position());
            at += part.remaining();
            part.put(source.limit(source.position() + part.remaining()));
        }
    }

    private ByteBuffer slice(int from, long offset, long most) {
        int segment = from;
        long inside = offset;
        while (inside >= lengths[segment]) {
            inside -= lengths[segment++];
        }
        long length = Math.min(lengths[segment] - inside, most);
        return memory.slice(addresses[segment] + inside, (int) Math.min(length, Integer.MAX_VALUE));
    }
}
