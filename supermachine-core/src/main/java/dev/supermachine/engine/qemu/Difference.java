package dev.supermachine.engine.qemu;

import dev.supermachine.engine.SnapshotFiles;
import dev.supermachine.engine.SnapshotSource;
import dev.supermachine.linux.PageRuns;
import dev.supermachine.linux.PagesFile;
import dev.supermachine.linux.ProcessMemory;
import dev.supermachine.linux.SparseFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;

/**
 * A machine that was restored and goes on, into files and back. Its memory is a private mapping of a file in QEMU's process: the pages that are no longer the
 * file's are read from there, and put into another process's mapping of the same file before that loads the state of the devices.
 */
final class Difference {

    private Difference() {}

    /** Whether a snapshot was made as the machine ran: its state is that of the devices alone, and pages may have to be laid over its memory. */
    static boolean is(SnapshotSource snapshot) {
        return Files.exists(snapshot.directory().resolve(SnapshotFiles.PAGES));
    }

    /**
     * Writes what a paused machine is now.
     *
     * @param origin what it was restored from
     * @param directory gets the three files
     * @return how many pages differ
     */
    static long save(QemuProcess qemu, SnapshotSource origin, Path directory) throws IOException {
        Path ram = origin.directory().resolve(QemuCommand.RAM_FILE);
        long size = QemuCommand.bytes(origin.memoryMib());
        // Written by QEMU itself, without which the sandbox could be tighter; it opens files all the same.
        Path state = directory.resolve(QemuCommand.STATE_FILE).toAbsolutePath();
        qemu.command("xen-save-devices-state", Map.of("filename", state.toString(), "live", true));
        Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rw-------"));
        try (ProcessMemory memory = ProcessMemory.open(qemu.qemuPid(), ram, size)) {
            PageRuns changed = memory.own();
            PagesFile.write(directory.resolve(SnapshotFiles.PAGES), size, changed, memory::read);
            SparseFile.linkOrCopy(ram, directory.resolve(QemuCommand.RAM_FILE));
            return changed.pages();
        }
    }

    /** Lays the pages over the memory of a process that has not loaded its state yet. */
    static void load(QemuProcess qemu, SnapshotSource snapshot) throws IOException {
        Path ram = snapshot.directory().resolve(QemuCommand.RAM_FILE);
        long size = QemuCommand.bytes(snapshot.memoryMib());
        try (PagesFile pages = PagesFile.open(snapshot.directory().resolve(SnapshotFiles.PAGES), size)) {
            if (pages.runs().count() > 0) {
                try (ProcessMemory memory = ProcessMemory.open(qemu.qemuPid(), ram, size)) {
                    pages.copyTo(memory::write);
                }
            }
        }
    }
}
