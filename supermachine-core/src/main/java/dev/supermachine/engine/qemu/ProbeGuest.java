package dev.supermachine.engine.qemu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A firmware image that does one thing: it enters protected mode, says {@value #STARTED}, counts down, says {@value #FINISHED} and ends QEMU through the
 * device {@code isa-debug-exit}. Real virtualisation counts at the processor's speed; a KVM that interprets instructions takes a hundred times longer.
 */
final class ProbeGuest {

    /** The first byte it writes to port {@value #PORT}. */
    static final int STARTED = 's';

    /** The last one. */
    static final int FINISHED = 'e';

    /** The port that QEMU's {@code isa-debugcon} is put at. */
    static final int PORT = 0xe9;

    /** Times that the loop of two instructions runs: 10 to 40 ms on a processor. */
    static final int LOOPS = 50_000_000;

    private static final int SIZE = 65_536;
    private static final int CODE = 0xfe00;
    private static final int TABLE_POINTER = 0xff40;
    private static final int TABLE = 0xff50;

    /** Where a processor starts: 16 bytes below 4 GiB. */
    private static final int RESET = 0xfff0;

    /** The image is mapped so that it ends at 4 GiB. */
    private static final int BASE = 0xffff_0000;

    private ProbeGuest() {}

    /** The image for {@code -bios}. */
    static byte[] image() {
        ByteBuffer image = ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);
        // jmp CODE, 3 bytes long, relative to its end
        image.position(RESET).put((byte) 0xe9).putShort((short) (CODE - (RESET + 3)));
        image.position(CODE);
        put(image, 0xfa); // cli
        put(image, 0x2e, 0x66, 0x0f, 0x01, 0x16).putShort((short) TABLE_POINTER); // lgdt cs:[TABLE_POINTER]
        put(image, 0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0); // mov eax, cr0; or al, 1; mov cr0, eax
        int flat = image.position() + 8;
        put(image, 0x66, 0xea).putInt(BASE + flat).putShort((short) 8); // jmp 8:flat, into 32 bits
        put(image, 0xb0, STARTED, 0xe6, PORT); // mov al, STARTED; out PORT, al
        put(image, 0xb9).putInt(LOOPS); // mov ecx, LOOPS
        put(image, 0x49, 0x75, 0xfd); // dec ecx; jnz back to it
        put(image, 0xb0, FINISHED, 0xe6, PORT);
        put(image, 0x66, 0xba, 0x01, 0x05, 0xb0, 0x10, 0xee); // mov dx, 0x501; mov al, 16; out dx, al: isa-debug-exit
        put(image, 0xf4, 0xeb, 0xfd); // hlt; jmp back to it
        // One descriptor behind the null one: code, 32 bits, from 0 to 4 GiB.
        image.position(TABLE_POINTER).putShort((short) 15).putInt(BASE + TABLE);
        image.position(TABLE + 8).putLong(0x00cf_9a00_0000_ffffL);
        return image.array();
    }

    private static ByteBuffer put(ByteBuffer image, int... bytes) {
        for (int value : bytes) {
            image.put((byte) value);
        }
        return image;
    }
}
