package dev.supermachine.guest;

import dev.supermachine.EngineException;
import dev.supermachine.hash.Sha256;
import dev.supermachine.linux.StoreTrouble;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The initial root file system a guest boots: the agent as {@code /init}, empty directories to mount on, the console's device node, and the kernel's
 * modules; for images of another platform also an {@link Emulator}. A plain newc cpio archive, byte for byte the same for the same agent, kernel and emulator.
 *
 * @since 0.1
 */
public final class Initramfs {

    private static final int SHORT_HASH = 12;

    private Initramfs() {}

    /**
     * Writes the archive, unless the directory has it already. Safe for threads and processes that do so at the same time.
     *
     * @param directory where it goes, as {@code initramfs-<hash>.cpio}; made (mode 0700) if missing
     * @param agent the guest agent, a static executable
     * @param kernel the kernel whose modules go in
     * @param emulator runs the image's programs; empty if the guest's processor does
     * @return the archive's path
     * @throws EngineException if it cannot be written, or the kernel jar is damaged
     */
    public static Path write(Path directory, byte[] agent, GuestKernel kernel, Optional<Emulator> emulator) {
        byte[] archive = archive(agent, kernel, emulator);
        String hash = Sha256.hex(archive);
        Path file = directory.resolve("initramfs-" + hash.substring(0, SHORT_HASH) + ".cpio");
        try {
            HashedFile.ensure(file, hash, out -> out.write(archive));
            return file;
        } catch (IOException e) {
            throw new EngineException(
                    "Cannot write the guest's initial file system " + file + ": "
                            + StoreTrouble.describe(e, directory, "supermachine.cache.dir"),
                    e);
        }
    }

    static byte[] archive(byte[] agent, GuestKernel kernel, Optional<Emulator> emulator) {
        List<Cpio.Entry> entries = new ArrayList<>();
        for (String directory : List.of("dev", "proc", "sys", "run", "lib", "lib/modules")) {
            entries.add(Cpio.Entry.directory(directory, 0755));
        }
        // The kernel opens it for init's standard streams before anything is mounted.
        entries.add(Cpio.Entry.characterDevice("dev/console", 0600, 5, 1));
        entries.add(Cpio.Entry.file("init", 0755, agent));
        try {
            entries.addAll(Cpio.read(kernel.modulesCpio()));
        } catch (IllegalArgumentException e) {
            throw KernelBundle.damaged("modules.zst: " + e.getMessage(), e);
        }
        emulator.ifPresent(program -> entries.addAll(program.entries()));
        return Cpio.write(entries);
    }
}
