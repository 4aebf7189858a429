package dev.supermachine.vmm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * The guest's physical memory as the host reads and writes it. Every access of a device goes through here and is checked against the bounds of the memory, with
 * addresses and lengths taken for hostile. Little-endian. Thread-safe as far as memory is: plain accesses of several threads race as they do on hardware.
 *
 * <p>The memory must stay mapped as long as anything may call this; the machine sees to it by ending its threads first.
 */
final class GuestMemory {

    private static final VarHandle SHORTS =
            MethodHandles.byteBufferViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    /**
     * A contiguous part.
     *
     * @param address the guest-physical address of its first byte
     * @param bytes its memory, direct; position and limit do not matter
     */
    record Part(long address, ByteBuffer bytes) {

        Part {
            if (!bytes.isDirect() || address < 0 || bytes.capacity() == 0 || address + bytes.capacity() < 0) {
                throw new IllegalArgumentException(
                        "Not a part of a guest's memory: " + bytes + " at 0x" + Long.toHexString(address));
            }
            bytes = bytes.duplicate().clear().order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    private final long[] begins;
    private final long[] ends;
    private final ByteBuffer[] buffers;

    /**
     * Memory of these parts. Parts that touch each other are one range to a guest, and one to {@link #read} and {@link #write}.
     *
     * @param parts in ascending order, none overlapping another
     */
    GuestMemory(List<Part> parts) {
        begins = new long[parts.size()];
        ends = new long[parts.size()];
        buffers = new ByteBuffer[parts.size()];
        for (int i = 0; i < buffers.length; i++) {
            Part part = parts.get(i);
            if (i > 0 && part.address() < ends[i - 1]) {
                throw new IllegalArgumentException("The parts of a guest's memory overlap or are out of order");
            }
            begins[i] = part.address();
            buffers[i] = part.bytes();
            ends[i] = part.address() + part.bytes().capacity();
        }
    }

    /** Whether a range is all in the memory. An empty one is, if its address is in it or at an end of it. */
    boolean contains(long address, long length) {
        if (address < 0 || length < 0 || address + length < 0) {
            return false;
        }
        long at = address;
        for (int i = 0; i < begins.length; i++) {
            if (at >= begins[i] && at <= ends[i]) {
                if (address + length <= ends[i]) {
                    return true;
                }
                at = ends[i];
            }
        }
        return false;
    }

    /** Fails unless a range is all in the memory. */
    void check(long address, long length) {
        if (!contains(address, length)) {
            throw new GuestMemoryException(address, length);
        }
    }

    /** The byte there, 0 to 255. */
    int getByte(long address) {
        int part = part(address, 1);
        return Byte.toUnsignedInt(buffers[part].get((int) (address - begins[part])));
    }

    /** The 16 bits there, 0 to 65535. They must not straddle two parts; nor may those of the following methods. */
    int getShort(long address) {
        int part = part(address, 2);
        return Short.toUnsignedInt(buffers[part].getShort((int) (address - begins[part])));
    }

    /** The 32 bits there. */
    int getInt(long address) {
        int part = part(address, 4);
        return buffers[part].getInt((int) (address - begins[part]));
    }

    /** The 64 bits there. */
    long getLong(long address) {
        int part = part(address, 8);
        return buffers[part].getLong((int) (address - begins[part]));
    }

    /** Writes the low 8 bits. */
    void putByte(long address, int value) {
        int part = part(address, 1);
        buffers[part].put((int) (address - begins[part]), (byte) value);
    }

    /** Writes the low 16 bits. */
    void putShort(long address, int value) {
        int part = part(address, 2);
        buffers[part].putShort((int) (address - begins[part]), (short) value);
    }

    /** Writes 32 bits. */
    void putInt(long address, int value) {
        int part = part(address, 4);
        buffers[part].putInt((int) (address - begins[part]), value);
    }

    /** Writes 64 bits. */
    void putLong(long address, long value) {
        int part = part(address, 8);
        buffers[part].putLong((int) (address - begins[part]), value);
    }

    /** The 16 bits at an even address, 0 to 65535; what the guest wrote before them is seen after. */
    int getShortAcquire(long address) {
        int part = evenPart(address);
        return Short.toUnsignedInt((short) SHORTS.getAcquire(buffers[part], (int) (address - begins[part])));
    }

    /** Writes the low 16 bits at an even address; a guest that sees them sees what was written before. */
    void putShortRelease(long address, int value) {
        int part = evenPart(address);
        SHORTS.setRelease(buffers[part], (int) (address - begins[part]), (short) value);
    }

    /** Fills the target's remaining bytes, advancing its position. */
    void read(long address, ByteBuffer target) {
        check(address, target.remaining());
        long at = address;
        while (target.hasRemaining()) {
            ByteBuffer piece = slice(at, target.remaining());
            at += piece.remaining();
            target.put(piece);
        }
    }

    /** Writes the source's remaining bytes, advancing its position. */
    void write(long address, ByteBuffer source) {
        check(address, source.remaining());
        long at = address;
        while (source.hasRemaining()) {
            ByteBuffer piece = slice(at, source.remaining());
            int length = piece.remaining();
            ByteBuffer from = source.duplicate();
            from.limit(from.position() + length);
            piece.put(from);
            source.position(source.position() + length);
            at += length;
        }
    }

    /**
     * A view of the memory, for I/O without a copy in between.
     *
     * @param address where it begins
     * @param most how many bytes are wanted, at least 1
     * @return a buffer of as many bytes, or fewer if a part ends before; little-endian
     */
    ByteBuffer slice(long address, int most) {
        int part = part(address, 1);
        int from = (int) (address - begins[part]);
        return buffers[part]
                .slice(from, Math.min(most, buffers[part].capacity() - from))
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    private int evenPart(long address) {
        if ((address & 1) != 0) {
            throw new GuestMemoryException(address, 2);
        }
        return part(address, 2);
    }

    private int part(long address, int length) {
        for (int i = 0; i < begins.length; i++) {
            if (address >= begins[i] && address <= ends[i] - length) {
                return i;
            }
        }
        throw new GuestMemoryException(address, length);
    }
}
