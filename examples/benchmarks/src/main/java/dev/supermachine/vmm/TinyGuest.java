package dev.supermachine.vmm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * A guest of a few instructions, which run in 32-bit mode without paging: it writes a port, does its work, writes another port and halts. Those that drive a device
 * prepare it first. Immutable, thread-safe.
 *
 * @since 0.1
 */
public final class TinyGuest {

    /** How much memory it has, in bytes. */
    public static final long MEMORY = 256L << 20;

    /** Written when it begins. */
    static final int BEGIN_PORT = 0x10;

    /** Written when its work is done. */
    static final int END_PORT = 0x11;

    static final int ENTRY = 0x1000;

    /** What nobody answers to but the end of the bus. */
    private static final byte SPARE_PORT = 0x12;

    private static final byte OUT_AL = (byte) 0xE6;
    private static final int FIRST_PAGE = 1 << 20;
    private static final int SEED = 0x1234;

    /** Every other page, so that no two lie side by side and each has to be found and copied for itself. */
    private static final int STRIDE = 2 * 4096;

    private final byte[] code;
    private final int pages;
    private final Map<Long, byte[]> data;

    private TinyGuest(byte[] code, int pages, Map<Long, byte[]> data) {
        this.code = code;
        this.pages = pages;
        this.data = data;
    }

    /**
     * One with code of its own around and between its two ports.
     *
     * @param before what it does before it begins, in machine code
     * @param work what it does then
     * @param data what its memory has beside its code, by address
     */
    static TinyGuest of(byte[] before, byte[] work, Map<Long, byte[]> data) {
        ByteBuffer code = room().put(before).put(OUT_AL).put((byte) BEGIN_PORT).put(work);
        return new TinyGuest(end(code), 0, data);
    }

    /**
     * One whose work is to write to pages, of which no two lie side by side.
     *
     * @param pages how many, from 1 to 30,000
     * @return the guest
     */
    public static TinyGuest touching(int pages) {
        ByteBuffer code = begin();
        code.put((byte) 0xBF).putInt(FIRST_PAGE); // mov edi, the first
        code.put((byte) 0xB9).putInt(pages); // mov ecx, how many
        code.put((byte) 0xFF).put((byte) 0x07); // inc dword [edi]
        code.put((byte) 0x81).put((byte) 0xC7).putInt(STRIDE); // add edi, to the next
        code.put((byte) 0x49).put((byte) 0x75).put((byte) 0xF5); // dec ecx; jnz to the inc
        return new TinyGuest(end(code), pages, Map.of());
    }

    /**
     * One whose work is to write to a port, with no instruction between.
     *
     * @param times how often, up to 1,500
     * @return the guest
     */
    public static TinyGuest writing(int times) {
        ByteBuffer code = begin();
        for (int i = 0; i < times; i++) {
            code.put(OUT_AL).put(SPARE_PORT);
        }
        return new TinyGuest(end(code), 0, Map.of());
    }

    private static ByteBuffer begin() {
        return room().put(OUT_AL).put((byte) BEGIN_PORT);
    }

    private static ByteBuffer room() {
        return ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] end(ByteBuffer code) {
        code.put(OUT_AL).put((byte) END_PORT);
        code.put((byte) 0xF4).put((byte) 0xEB).put((byte) 0xFD).flip(); // hlt, and again
        byte[] bytes = new byte[code.remaining()];
        code.get(bytes);
        return bytes;
    }

    /**
     * Writes its memory as it is before its first instruction.
     *
     * @param file is made; must not exist
     * @throws IOException if it cannot be written
     */
    public void write(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.wrap(code), ENTRY);
            for (int page = 0; page < pages; page++) {
                channel.write(word(SEED), FIRST_PAGE + (long) page * STRIDE);
            }
            for (Map.Entry<Long, byte[]> piece : data.entrySet()) {
                channel.write(ByteBuffer.wrap(piece.getValue()), piece.getKey());
            }
            channel.write(ByteBuffer.allocate(1), MEMORY - 1);
        }
    }

    /**
     * Fails unless its work was done once, and not on the remains of an earlier run.
     *
     * @param memory what it worked on
     */
    void check(GuestMemory memory) {
        for (int page = 0; page < pages; page++) {
            long address = FIRST_PAGE + (long) page * STRIDE;
            int value = memory.getInt(address);
            if (value != SEED + 1) {
                throw new IllegalStateException("Expected " + (SEED + 1) + " at 0x" + Long.toHexString(address)
                        + " after one run of the guest, but found " + value);
            }
        }
    }

    private static ByteBuffer word(int value) {
        return ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .flip();
    }
}
