package dev.supermachine.bake;

import dev.supermachine.SupermachineException;
import dev.supermachine.agent.AgentBinary;
import dev.supermachine.engine.Availability;
import dev.supermachine.engine.EngineSelector;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.guest.GuestKernel;
import dev.supermachine.guest.Initramfs;
import dev.supermachine.rootfs.RootfsBuilder;
import dev.supermachine.rootfs.RootfsLimits;
import dev.supermachine.settings.Settings;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What {@code supermachine doctor --selftest} runs: a guest without any image, on each engine from the best on until one does all that is asked of an engine. Needs
 * neither a registry nor a network.
 *
 * @since 0.1
 */
public final class SelfTest {

    private static final int MOST_LINES = 40;

    private final List<Hypervisor> engines;
    private final Path cache;
    private final Optional<Path> ownKernel;
    private final Consumer<String> report;

    /**
     * A test.
     *
     * @param engines the best first
     * @param report is told line by line; the first word is {@code ok}, {@code note}, {@code bad} or {@code more}
     */
    SelfTest(List<Hypervisor> engines, Path cache, Optional<Path> ownKernel, Consumer<String> report) {
        this.engines = engines;
        this.cache = cache;
        this.ownKernel = ownKernel;
        this.report = report;
    }

    /**
     * Tries the engines of this machine, or the one that the settings force.
     *
     * @param settings where the cache is, and what is forced
     * @param report is told line by line; the first word is {@code ok}, {@code note}, {@code bad} or {@code more}
     * @return whether one passed
     */
    public static boolean run(Settings settings, Consumer<String> report) {
        try {
            return new SelfTest(
                            selected(EngineSelector.engines(), settings.engine().orElse(null)),
                            settings.cacheDirectory(),
                            settings.kernelPath(),
                            report)
                    .run();
        } catch (SupermachineException | IllegalArgumentException | IOException e) {
            report.accept("bad " + e.getMessage());
            return false;
        }
    }

    private static List<Hypervisor> selected(List<Hypervisor> engines, @Nullable String forced) {
        List<Hypervisor> selected = engines.stream()
                .filter(engine -> forced == null || engine.id().equals(forced))
                .toList();
        if (selected.isEmpty()) {
            throw new IllegalArgumentException("There is no engine '" + forced + "'. There are: "
                    + String.join(", ", engines.stream().map(Hypervisor::id).toList()) + ".");
        }
        return selected;
    }

    /**
     * Tries the engines.
     *
     * @return whether one passed
     * @throws IOException if there is no room for the guest's files
     */
    boolean run() throws IOException {
        Files.createDirectories(
                cache, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path work = Files.createTempDirectory(cache, "selftest-");
        try {
            return run(work);
        } finally {
            delete(work);
        }
    }

    private boolean run(Path work) throws IOException {
        @Nullable SelfTestGuest guest = null;
        for (Hypervisor engine : engines) {
            long start = System.nanoTime();
            Availability availability = engine.probe();
            long probed = System.nanoTime() - start;
            if (!availability.usable()) {
                report.accept("note engine " + engine.id() + " cannot be used: " + availability.reason());
                continue;
            }
            report.accept("ok engine " + engine.id() + ": " + availability.reason());
            try {
                if (guest == null) {
                    guest = guest(work);
                }
                SelfTestGuest.Figures figures = guest.run(engine, Files.createDirectory(work.resolve(engine.id())));
                report.accept("ok probe " + millis(probed) + ", boot to agent " + millis(figures.boot()) + ", capture "
                        + millis(figures.capture()) + ", restore " + millis(figures.restore()));
                report.accept("ok " + figures.resets().size() + " resets, each to a clean guest: the first "
                        + millis(figures.resets().get(0)) + ", p50 " + millis(figures.medianReset()));
                return true;
            } catch (SupermachineException | IllegalStateException | LinkageError e) {
                tellOfFailure(engine, e);
            }
        }
        return false;
    }

    private SelfTestGuest guest(Path work) {
        GuestKernel kernel = GuestKernel.locate(cache, ownKernel);
        Path root = work.resolve("root");
        RootfsBuilder.build(List.of(), root, RootfsLimits.defaults());
        return new SelfTestGuest(
                kernel.vmlinux(),
                Initramfs.write(cache.resolve("initramfs"), AgentBinary.load(), kernel, Optional.empty()),
                root);
    }

    private void tellOfFailure(Hypervisor engine, Throwable failure) {
        List<String> lines =
                String.valueOf(failure.getMessage()).lines().limit(MOST_LINES).toList();
        report.accept("bad engine " + engine.id() + " failed: " + lines.get(0));
        lines.stream().skip(1).forEach(line -> report.accept("more " + line));
    }

    private static String millis(long nanos) {
        long tenths = (nanos + 50_000) / 100_000;
        return tenths < 100 ? tenths / 10 + "." + tenths % 10 + " ms" : (nanos + 500_000) / 1_000_000 + " ms";
    }

    /** A machine that is about to end may still make or delete files of its own. */
    private static void delete(Path root) throws IOException {
        Files.walkFileTree(root, new SimpleFileVisitor<Path>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                    throws IOException {
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
