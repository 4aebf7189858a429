package dev.supermachine.engine;

import dev.supermachine.linux.HolePuncher;
import dev.supermachine.linux.PageRuns;
import dev.supermachine.linux.PagesFile;
import dev.supermachine.linux.SparseFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The files that engines leave in the directory of a captured machine; see {@code docs/snapshot-format.md}. All engines call the memory's files the same. */
public final class SnapshotFiles {

    /** The memory as it is, without a header. */
    public static final String RAM = "ram";

    /** All but the memory, as the engine has it. */
    public static final String STATE = "state";

    /** The pages that are laid over the memory's file; only there if the machine was captured as it ran. */
    public static final String PAGES = "pages";

    private SnapshotFiles() {}

    /**
     * Makes the files of the same machine without pages to be laid over the memory. What stays as it is becomes a hard link, where that is possible.
     *
     * @param source the directory of the one
     * @param target an existing, empty directory
     * @param memoryMib the machine's memory
     * @throws IOException if a file cannot be read or written
     */
    public static void compact(Path source, Path target, int memoryMib) throws IOException {
        SparseFile.linkOrCopy(source.resolve(STATE), target.resolve(STATE));
        Path ram = target.resolve(RAM);
        if (!Files.exists(source.resolve(PAGES))) {
            SparseFile.linkOrCopy(source.resolve(RAM), ram);
            return;
        }
        long size = (long) memoryMib << 20;
        SparseFile.copy(source.resolve(RAM), ram);
        try (PagesFile pages = PagesFile.open(source.resolve(PAGES), size);
                FileChannel memory = FileChannel.open(ram, StandardOpenOption.WRITE)) {
            pages.copyTo((offset, bytes) -> {
                long at = offset;
                while (bytes.hasRemaining()) {
                    at += memory.write(bytes, at);
                }
            });
        }
        HolePuncher.punchZeros(ram);
        // It stays there to tell that the state is of this kind.
        PagesFile.write(target.resolve(PAGES), size, PageRuns.none(), (offset, bytes) -> {});
    }
}
