package dev.supermachine.testing;

import dev.supermachine.rootfs.Tools;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A small file system of its own that can be filled and made read-only. Mounting takes root. */
public final class SmallDisk implements AutoCloseable {

    private static final int BLOCK = 4096;

    private final Path scratch;
    private final Path root;
    private final Path filler;

    private SmallDisk(Path scratch, Path root) {
        this.scratch = scratch;
        this.root = root;
        this.filler = root.resolve("filler");
    }

    /** Whether this process may mount. */
    public static boolean isPossible(Path scratch) {
        return Tools.run(scratch, List.of("id", "-u")).output().strip().equals("0");
    }

    /** Mounts one. */
    public static SmallDisk mount(Path scratch, int mib) throws IOException {
        Path root = Files.createTempDirectory(scratch, "disk");
        Tools.check(scratch, "mount", "-t", "tmpfs", "-o", "mode=700,size=" + mib + "m", "none", root.toString());
        return new SmallDisk(scratch, root);
    }

    public Path root() {
        return root;
    }

    /** Takes all the space, and then gives some of it back. */
    public void fill(long bytesLeft) throws IOException {
        long size = 0;
        try (OutputStream out = Files.newOutputStream(filler)) {
            byte[] block = new byte[BLOCK];
            while (true) {
                out.write(block);
                size += BLOCK;
            }
        } catch (IOException e) {
            // The disk is full, which was the aim.
        }
        Tools.check(scratch, "truncate", "-s", Long.toString(Math.max(0, size - bytesLeft)), filler.toString());
    }

    public void makeRoom() throws IOException {
        Files.delete(filler);
    }

    public void resize(int mib) {
        Tools.check(scratch, "mount", "-o", "remount,size=" + mib + "m", root.toString());
    }

    public void makeReadOnly() {
        Tools.check(scratch, "mount", "-o", "remount,ro", root.toString());
    }

    public void makeWritable() {
        Tools.check(scratch, "mount", "-o", "remount,rw", root.toString());
    }

    @Override
    public void close() {
        Tools.check(scratch, "umount", root.toString());
    }
}
