package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.linux.FileLock;
import dev.supermachine.testing.ChildJvm;
import dev.supermachine.testing.MachineProcesses;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A JVM that pulls, flattens, bakes, warms up, captures, restores, tests and resets is killed at instants by chance in each of these phases. Whatever it was
 * doing, nothing of it lives on, nothing is locked, nothing is lost that was finished, and the next JVM leaves nothing but what belongs there.
 */
@Timeout(3600)
class CrashIT {

    private static final int CRASHES = TestImages.count("crashes", 8);
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Duration INSTANT = Duration.ofMillis(1);

    /** A phase that is over sooner than we can look is tried again, with less delay. */
    private static final int ATTEMPTS = 4;

    private static final String SHA = "[0-9a-f]{64}";

    /** All that may be there when no JVM lives. */
    private static final Pattern BELONGS_THERE = Pattern.compile(String.join(
            "|",
            "cache/(blobs|diff-ids)/sha256/" + SHA,
            "cache/refs/" + SHA + "\\.json",
            "cache/(tmp|parts)\\.lock",
            "cache/probes/[a-z-]+\\.json",
            "cache/rootfs/" + SHA + "\\.erofs(\\.lock)?",
            "cache/initramfs/initramfs-[0-9a-f]+\\.cpio(\\.lock)?",
            "cache/kernel/[^/]+/vmlinux(\\.lock)?",
            "snapshots/baked/" + SHA + "/(manifest\\.json|root\\.erofs|used|machine/(ram|state))",
            "snapshots/locks/(" + SHA + "|environment)\\.lock",
            "snapshots/environment\\.key",
            "snapshots/ledger/(ledger|lock)",
            "tmp/supermachine-[0-9]+/guard"));

    /** What is on its way, and how long one waits in it at most before the kill, in milliseconds. */
    private enum Phase {
        PULL(300),
        FLATTEN(200),
        BAKE(2000),
        WARMUP(300),
        CAPTURE(200),
        RESTORE(300),
        TEST(500),
        RESET(500);

        final int millis;

        Phase(int millis) {
            this.millis = millis;
        }
    }

    @TempDir
    private Path temporary;

    private int count;

    @Test
    void aKilledJvmLeavesNothingButWhatTheNextCanUse() throws IOException, InterruptedException {
        long seed = Long.getLong("supermachine.test.seed", System.nanoTime());
        System.out.println("CrashIT: seed " + seed);
        Random random = new Random(seed);
        Set<Phase> hit = EnumSet.noneOf(Phase.class);
        for (int crash = 0; crash < CRASHES; crash++) {
            Phase wanted = Phase.values()[crash % Phase.values().length];
            hit.add(crash(wanted, random.nextInt(wanted.millis)));
        }
        for (Phase wanted : EnumSet.complementOf(EnumSet.copyOf(hit))) {
            for (int attempt = 0; attempt < ATTEMPTS && !hit.contains(wanted); attempt++) {
                hit.add(crash(wanted, 0));
            }
        }
        assertThat(hit).as("phases that were hit, seed %d", seed).contains(Phase.values());
    }

    /** One crash in a directory of its own; says in which phase it really was. */
    private Phase crash(Phase wanted, int delayMillis) throws IOException, InterruptedException {
        Path directory = Files.createDirectory(temporary.resolve("crash" + count++));
        Files.createDirectory(directory.resolve("tmp"));
        Phase phase;
        List<ProcessHandle> descendants;
        try (ChildJvm child = ChildJvm.start(Child.class, directory.toString(), "forever")) {
            awaitPhase(child, directory, wanted);
            child.endsWithin(Duration.ofMillis(delayMillis));
            descendants = child.descendants();
            child.kill();
            assertThat(child.exitCode()).as("%s", child.lines()).isEqualTo(137);
            phase = phase(child, directory).orElseThrow();
        }
        System.out.println("CrashIT: killed in " + phase + ", wanted " + wanted + " and " + delayMillis + " ms of it");

        String when = phase + " in " + directory;
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(MachineProcesses.naming(directory))
                        .as("processes after a crash in %s", when)
                        .isEmpty());
        await().atMost(PATIENCE).until(() -> descendants.stream().noneMatch(MachineProcesses::runs));
        assertNothingIsLocked(directory, when);
        Map<Path, String> published = manifests(directory);

        try (ChildJvm next = ChildJvm.start(Child.class, directory.toString(), "once")) {
            assertThat(next.exitCode()).as("%s: %s", when, next.lines()).isZero();
            assertThat(next.lines()).as("after %s", when).contains("BAKED " + published.isEmpty(), "TESTED");
            assertThat(manifests(directory))
                    .as("what was published stays, after %s", when)
                    .hasSize(1)
                    .containsAllEntriesOf(published);
            assertThat(strangers(directory, next.pid()))
                    .as("left over after %s", when)
                    .isEmpty();
        }
        return phase;
    }

    private static void awaitPhase(ChildJvm child, Path directory, Phase wanted)
            throws IOException, InterruptedException {
        while (phase(child, directory)
                .filter(phase -> phase.compareTo(wanted) >= 0)
                .isEmpty()) {
            assertThat(child.endsWithin(INSTANT)).as("%s", child.lines()).isFalse();
        }
    }

    /** What the child has come to, by its words and the files that it makes first in each phase. */
    private static Optional<Phase> phase(ChildJvm child, Path directory) throws IOException {
        if (child.printed("RESETTING")) {
            return Optional.of(Phase.RESET);
        }
        if (child.printed("RESTORED")) {
            return Optional.of(Phase.TEST);
        }
        if (child.lines().stream().anyMatch(line -> line.startsWith("BAKED "))) {
            return Optional.of(Phase.RESTORE);
        }
        List<String> files = files(directory);
        if (files.stream().anyMatch(file -> file.endsWith("machine/state"))) {
            return Optional.of(Phase.CAPTURE);
        }
        if (child.printed("WARMING UP")) {
            return Optional.of(Phase.WARMUP);
        }
        if (files.stream().anyMatch(file -> file.endsWith("machine/ram"))) {
            return Optional.of(Phase.BAKE);
        }
        if (files.stream().anyMatch(file -> file.startsWith("cache/rootfs/"))) {
            return Optional.of(Phase.FLATTEN);
        }
        // engines are tried before anything is pulled
        return files.stream().anyMatch(file -> file.startsWith("cache/") && !file.startsWith("cache/probes/"))
                ? Optional.of(Phase.PULL)
                : Optional.empty();
    }

    private static void assertNothingIsLocked(Path directory, String when) throws IOException {
        for (String file : files(directory)) {
            Optional<FileLock> lock = FileLock.tryExclusiveExisting(directory.resolve(file));
            assertThat(lock).as("the lock of %s after %s", file, when).isPresent();
            lock.orElseThrow().close();
        }
    }

    private static Map<Path, String> manifests(Path directory) throws IOException {
        Map<Path, String> manifests = new TreeMap<>();
        for (String file : files(directory)) {
            if (file.startsWith("snapshots/baked/") && file.endsWith("/manifest.json")) {
                Path path = directory.resolve(file);
                manifests.put(path, Files.readString(path));
            }
        }
        return manifests;
    }

    /** Files that do not belong there. That a process lives is said by a file which the next one removes. */
    private static List<String> strangers(Path directory, long pid) throws IOException {
        return files(directory).stream()
                .filter(file -> !BELONGS_THERE.matcher(file).matches())
                .filter(file -> !file.matches("snapshots/ledger/" + pid + "-[0-9a-f]+\\.alive"))
                .toList();
    }

    /** All files, relative; the tree may change meanwhile. */
    private static List<String> files(Path directory) throws IOException {
        while (true) {
            try (Stream<Path> files = Files.find(directory, 20, (path, attributes) -> attributes.isRegularFile())) {
                return files.map(path -> directory.relativize(path).toString())
                        .sorted()
                        .toList();
            } catch (UncheckedIOException e) {
                if (!(e.getCause() instanceof NoSuchFileException)) {
                    throw e;
                }
            }
        }
    }

    /** The JVM that is killed, and the one that comes after it. Arguments: its directory, and {@code forever} to reset and test until it is killed. */
    static final class Child {

        private static final int COMMANDS = 10;

        private Child() {}

        public static void main(String[] arguments) {
            Path directory = Path.of(arguments[0]);
            System.setProperty("java.io.tmpdir", directory.resolve("tmp").toString());
            System.setProperty(
                    "supermachine.cache.dir", directory.resolve("cache").toString());
            System.setProperty(
                    "supermachine.snapshots.dir", directory.resolve("snapshots").toString());
            Image image = Image.builder(TestImages.reference("debian-busybox"))
                    .withMemoryMib(128)
                    .withCmd("sleep", "1000")
                    .withWarmup(Child::warmUp)
                    .build();
            System.out.println("BAKED " + image.origin().baked());
            try (Vm vm = image.start(VmConfig.defaults())) {
                System.out.println("RESTORED");
                test(vm);
                System.out.println("RESETTING");
                do {
                    vm.reset();
                    test(vm);
                } while (arguments[1].equals("forever"));
            }
            System.out.println("TESTED");
        }

        private static void warmUp(Vm vm) {
            System.out.println("WARMING UP");
            for (int i = 0; i < COMMANDS; i++) {
                assertThat(vm.exec("sh", "-c", "echo " + i + " >>/warm").success())
                        .isTrue();
            }
        }

        private static void test(Vm vm) {
            for (int i = 0; i < COMMANDS; i++) {
                assertThat(vm.readText("/warm").lines()).hasSize(COMMANDS);
            }
        }
    }
}
