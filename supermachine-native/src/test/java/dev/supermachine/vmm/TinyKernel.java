package dev.supermachine.vmm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** An ELF file with a PVH note around a few instructions, which begin in 32-bit protected mode. */
final class TinyKernel {

    private static final int ADDRESS = 0x100000;
    private static final int NOTE = 0x100;
    private static final int TEXT = 0x200;

    private TinyKernel() {}

    /** Writes one. */
    static Path write(Path file, String code) throws IOException {
        byte[] instructions = Code.of(code);
        ByteBuffer elf = ByteBuffer.allocate(TEXT + instructions.length).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464C457F).putInt(4, 0x00010102).putShort(16, (short) 2).putShort(18, (short) 62);
        elf.putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 2);
        header(elf, 64, 1, TEXT, ADDRESS, instructions.length);
        header(elf, 64 + 56, 4, NOTE, 0, 24);
        elf.position(NOTE);
        elf.putInt(4)
                .putInt(8)
                .putInt(18)
                .put("Xen\0".getBytes(StandardCharsets.US_ASCII))
                .putLong(ADDRESS);
        elf.put(TEXT, instructions);
        return Files.write(file, elf.array());
    }

    private static void header(ByteBuffer elf, int at, int type, long offset, long address, long length) {
        elf.putInt(at, type).putLong(at + 8, offset).putLong(at + 24, address);
        elf.putLong(at + 32, length).putLong(at + 40, length);
    }
}
