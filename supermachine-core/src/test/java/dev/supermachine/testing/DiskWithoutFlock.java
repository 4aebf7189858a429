package dev.supermachine.testing;

import static org.awaitility.Awaitility.await;

import dev.supermachine.rootfs.Tools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A file system that answers flock(2) with an error, as network file systems do whose server or mount has no locks: {@code src/test/programs/noflock.c}, a FUSE
 * server, shows an ordinary directory through the kernel and refuses the locks alone. The error number is injected, the way of it through the kernel is real.
 * Mounting takes root and {@code /dev/fuse}.
 */
public final class DiskWithoutFlock implements AutoCloseable {

    private final Path scratch;
    private final Process server;
    private final Path root;
    private final Path behind;

    private DiskWithoutFlock(Path scratch, Process server, Path root, Path behind) {
        this.scratch = scratch;
        this.server = server;
        this.root = root;
        this.behind = behind;
    }

    /** Whether this process may mount, and the kernel has FUSE. */
    public static boolean isPossible(Path scratch) {
        return SmallDisk.isPossible(scratch) && Files.isWritable(Path.of("/dev/fuse"));
    }

    /** Compiles the server, once. */
    public static Path program(Path scratch) {
        Path source = Path.of("src/test/programs/noflock.c");
        Path program = scratch.resolve("noflock");
        if (Files.exists(program)) {
            return program;
        }
        Tools.check(
                scratch,
                "gcc",
                "-O2",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-o",
                program.toString(),
                Files.exists(source) ? source.toString() : "supermachine-core/" + source);
        return program;
    }

    /**
     * Mounts one.
     *
     * @param errno what flock fails with
     */
    public static DiskWithoutFlock mount(Path scratch, Path program, int errno) throws IOException {
        Path root = Files.createTempDirectory(scratch, "disk");
        Path behind = Files.createTempDirectory(scratch, "behind");
        Path log = Files.createTempFile(scratch, "noflock", ".log");
        Process server = new ProcessBuilder(
                        program.toString(), behind.toString(), root.toString(), Integer.toString(errno))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        await().atMost(Duration.ofSeconds(30))
                .until(() -> Files.readString(log).contains("mounted") || !server.isAlive());
        if (!server.isAlive()) {
            throw new AssertionError("noflock did not mount: " + Files.readString(log));
        }
        return new DiskWithoutFlock(scratch, server, root, behind);
    }

    public Path root() {
        return root;
    }

    /** The directory that is shown, on a file system with flock. */
    public Path behind() {
        return behind;
    }

    @Override
    public void close() {
        Tools.check(scratch, "umount", root.toString());
        await().atMost(Duration.ofSeconds(30)).until(() -> !server.isAlive());
    }
}
