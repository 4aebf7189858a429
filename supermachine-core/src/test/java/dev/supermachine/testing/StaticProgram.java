package dev.supermachine.testing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file that looks like a program for x86-64 to who reads only its headers (elf(5)); nothing could run it. */
public final class StaticProgram {

    private StaticProgram() {}

    /** One whose program headers are of these types; without PT_INTERP, 3, it needs no loader. */
    public static byte[] withHeaders(int... types) {
        ByteBuffer file = ByteBuffer.allocate(64 + types.length * 56).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
        file.putShort(16, (short) 2).putShort(18, (short) 62);
        file.putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) types.length);
        for (int i = 0; i < types.length; i++) {
            file.putInt(64 + i * 56, types[i]);
        }
        return file.array();
    }

    /** A directory with one that is called as the emulator for arm64. */
    public static Path emulatorDirectory(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.write(directory.resolve("qemu-aarch64-static"), withHeaders(1));
        return directory;
    }
}
