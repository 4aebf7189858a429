package dev.supermachine.benchmarks;

import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** What the benchmarks share: the image they restore, its command line, and how often they repeat. Thread-safe. */
final class Stage {

    static final int POSTGRES_PORT = 5432;

    private static final String POSTGRES = "localhost:5000/debian-postgres:15";
    private static final int POSTGRES_MIB = 512;
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Path program;
    private final Path images;
    private final Path registryProgram;
    private final boolean quick;
    private @Nullable Image postgres;
    private @Nullable RestoreCommand restore;

    /**
     * A stage.
     *
     * @param program the C program
     * @param images the directory with the example images
     * @param registryProgram docker-registry
     * @param quick whether a few samples will do
     */
    Stage(Path program, Path images, Path registryProgram, boolean quick) {
        this.program = program;
        this.images = images;
        this.registryProgram = registryProgram;
        this.quick = quick;
    }

    Path registryProgram() {
        return registryProgram;
    }

    /** The C program that makes machines of KVM, which is built beside the other. */
    Path rawKvm() {
        return program.resolveSibling("rawkvm");
    }

    /** How often to repeat something. */
    int count(int full, int inAHurry) {
        return quick ? inAHurry : full;
    }

    /** PostgreSQL with 512 MiB, listening. */
    synchronized Image postgres() {
        if (postgres == null) {
            postgres = Image.builder(POSTGRES)
                    .withOciLayout(images.resolve("debian-postgres.oci"))
                    .withGuestPort(POSTGRES_PORT)
                    .withListenerRequired()
                    .withMemoryMib(POSTGRES_MIB)
                    .build();
        }
        return postgres;
    }

    /** A machine of the same snapshot that the library has nothing to do with. */
    RawMachine rawMachine() throws IOException {
        return RawMachine.start(program, restore());
    }

    private synchronized RestoreCommand restore() throws IOException {
        if (restore == null) {
            try (Vm vm = postgres().start(VmConfig.defaults())) {
                restore = RestoreCommand.of(vm);
            }
        }
        return restore;
    }

    /** Waits until a pool has so many machines ready and nothing else to do. */
    static void awaitIdle(VmPool pool, int machines) {
        await("the pool has " + machines + " machines ready", () -> pool.stats().idle() >= machines);
    }

    static void await(String what, Condition condition) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.holds()) {
            if (System.nanoTime() - end > 0) {
                throw new IllegalStateException("Not within " + PATIENCE.toSeconds() + " s: " + what);
            }
            pause(Duration.ofMillis(1));
        }
    }

    /** What a test does meanwhile, or nothing. */
    static void pause(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** A directory for one sample, to be deleted with {@link #delete(Path)}. */
    static Path scratch() throws IOException {
        return Files.createTempDirectory("bench");
    }

    static void delete(Path directory) throws IOException {
        Programs.run("rm", "-rf", "--", directory.toString());
    }

    /** Something to wait for. */
    interface Condition {
        boolean holds();
    }

    /** One sample. */
    interface Step {
        void run() throws Exception;
    }

    /** Ours and the peer's in turn, each first every other time, so that what else the machine does hits both. */
    static void interleave(int count, Step ours, Step peers) throws Exception {
        for (int i = 0; i < count; i++) {
            Step first = i % 2 == 0 ? ours : peers;
            Step second = i % 2 == 0 ? peers : ours;
            first.run();
            second.run();
        }
    }
}
