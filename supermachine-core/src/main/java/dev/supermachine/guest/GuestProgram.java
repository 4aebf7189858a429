package dev.supermachine.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/** Whether a file can run in a guest beside no other file: an ELF program for x86-64 that names no loader (elf(5)). */
final class GuestProgram {

    private static final int MAGIC = 0x464c457f; // 0x7f 'E' 'L' 'F', little-endian
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int MACHINE_X86_64 = 62;
    private static final int HEADER = 64;
    private static final int PROGRAM_HEADER = 56;
    private static final int PT_INTERP = 3;

    private GuestProgram() {}

    /** What is wrong with it, as it follows the file's name; empty if nothing is. */
    static Optional<String> whyUnusable(byte[] content) {
        ByteBuffer file = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        if (content.length < HEADER
                || file.getInt(0) != MAGIC
                || file.get(4) != CLASS_64
                || file.get(5) != LITTLE_ENDIAN
                || file.getShort(18) != MACHINE_X86_64) {
            return Optional.of("is not a program for x86-64");
        }
        long table = file.getLong(32);
        int size = Short.toUnsignedInt(file.getShort(54));
        int count = Short.toUnsignedInt(file.getShort(56));
        if (size < PROGRAM_HEADER || table < HEADER || table > content.length - (long) count * size) {
            return Optional.of("is cut off or damaged");
        }
        for (int i = 0; i < count; i++) {
            if (file.getInt((int) table + i * size) == PT_INTERP) {
                return Optional.of("is linked dynamically, and its libraries are not in the guest");
            }
        }
        return Optional.empty();
    }
}
