package dev.supermachine.vmm;

import dev.supermachine.fuzz.Oracle;
import dev.supermachine.fuzz.Scratch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Any bytes as a guest's dealings with a disk; afterwards a driver can write and read it. */
public final class DiskFuzz {

    private static final int SECTORS = 20;
    private static final BlockStore STORE = store();

    private DiskFuzz() {}

    private static BlockStore store() {
        Path directory = Scratch.directory("fuzz-disk");
        try {
            Path file = Files.write(directory.resolve("disk"), new byte[SECTORS * 512]);
            return OverlayBlockStore.over(FileBlockStore.open(file), directory, 2 * OverlayBlockStore.BLOCK);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static void fuzzerTestOneInput(byte[] input) {
        STORE.discard();
        BlockDevice device = new BlockDevice(VirtioScript.MEMORY, () -> {}, STORE, false, "a disk");
        VirtioScript script = new VirtioScript(device, 1, input, next -> STORE.discard());
        script.run();
        device.unquiesce();
        device.turn();
        STORE.discard();
        script.begin();
        request(script, 1, 0);
        request(script, 0, 2);
        Oracle.requireEqual(0x0123_4567_89AB_CDEFL, VirtioScript.MEMORY.getLong(0x7200), "what was written");
    }

    /** Writes a sector, or reads it into another place. */
    private static void request(VirtioScript script, int type, int writable) {
        VirtioScript.MEMORY.putLong(0x7000, type);
        VirtioScript.MEMORY.putLong(0x7008, SECTORS - 1);
        VirtioScript.MEMORY.putLong(0x7200, type == 1 ? 0x0123_4567_89AB_CDEFL : 0);
        script.describe(0, 0, 0x7000, 16, 1, 1);
        script.describe(0, 1, 0x7200, 512, 1 | writable, 2);
        script.describe(0, 2, 0x7010, 1, 2, 0);
        script.offer(0, 0);
        VirtioScript.MEMORY.putByte(0x7010, 0xFF);
        script.write(0x050, 0);
        Oracle.requireEqual(0, VirtioScript.MEMORY.getByte(0x7010), "the status");
    }
}
