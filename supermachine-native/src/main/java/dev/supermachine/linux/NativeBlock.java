package dev.supermachine.linux;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Memory outside of the heap that structures are laid out in for system calls: zero at first, aligned to 64 bytes, little-endian. It lives as long as this object is
 * reachable, and there is nothing to close. Who hands its {@link #address()} to a call, and not the block itself, must keep the block until the call is over.
 *
 * <p>Thread-safe as far as memory is.
 *
 * @since 0.1
 */
public final class NativeBlock {

    private static final int ALIGNMENT = 64;

    private final ByteBuffer bytes;
    private final long address;

    /**
     * A block of zeros.
     *
     * @param size in bytes, positive
     */
    public NativeBlock(int size) {
        if (size <= 0) {
            throw new IllegalArgumentException("A block of " + size + " bytes");
        }
        // A slice of whole units could end before the size.
        int units = Math.addExact(size, ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        ByteBuffer aligned =
                ByteBuffer.allocateDirect(Math.addExact(units, ALIGNMENT)).alignedSlice(ALIGNMENT);
        bytes = aligned.slice(0, size).order(ByteOrder.LITTLE_ENDIAN);
        address = Pointer.nativeValue(Native.getDirectBufferPointer(bytes));
    }

    /**
     * How large it is.
     *
     * @return bytes
     */
    public int size() {
        return bytes.capacity();
    }

    /**
     * Where it begins.
     *
     * @return the address in this process
     */
    public long address() {
        return address;
    }

    /**
     * Where one of its bytes is.
     *
     * @param offset from its begin, up to its size
     * @return the address in this process
     */
    public long address(int offset) {
        if (offset < 0 || offset > bytes.capacity()) {
            throw new IndexOutOfBoundsException("Offset " + offset + " in a block of " + bytes.capacity() + " bytes");
        }
        return address + offset;
    }

    /**
     * Its bytes, to be read and written by offset.
     *
     * @return always the same little-endian buffer, whose position and limit are to be left alone
     */
    public ByteBuffer bytes() {
        return bytes;
    }

    /**
     * A copy of some of its bytes.
     *
     * @param offset where to begin
     * @param length how many
     * @return a new array
     */
    public byte[] copy(int offset, int length) {
        byte[] copy = new byte[length];
        bytes.get(offset, copy);
        return copy;
    }
}
