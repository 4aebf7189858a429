package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import dev.supermachine.testing.ChildJvm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A JVM that takes and gives back machines for long has no more of anything than after the first few. */
@Timeout(7200)
class LeakIT {

    private static final int CYCLES = TestImages.count("leak.cycles", 100);

    /** After these, all classes are loaded and all threads that stay are there. */
    private static final int WARM_UP = 8;

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /**
     * What the heap may have grown by, in bytes: compiled code's metadata and caches of the JDK go on filling for a while. A machine that is not let go of
     * has 256 KiB of console and frames at the very least, so that not even ten of a hundred could hide in it.
     */
    private static final long HEAP = 2 << 20;

    @Test
    void nothingGrowsWithTheNumberOfMachines(@TempDir Path directory) throws IOException, InterruptedException {
        Files.createDirectory(directory.resolve("tmp"));
        try (ChildJvm child = ChildJvm.start(Child.class, directory.toString(), String.valueOf(CYCLES))) {
            while (!child.endsWithin(Duration.ofSeconds(1))) {
                assertThat(child.lines()).noneMatch(line -> line.startsWith("Exception "));
            }
            assertThat(child.exitCode())
                    .as("%s", String.join("\n", child.lines()))
                    .isZero();
            assertThat(child.lines()).contains("CYCLES " + CYCLES);
            child.lines().stream().filter(line -> line.startsWith("HAS ")).forEach(System.out::println);
        }
    }

    /** What a process has. */
    private record Holdings(
            long heap, List<String> files, List<String> threads, List<String> children, List<String> stored) {

        static Holdings now(Path directory) {
            return new Holdings(usedHeap(), openFiles(), threadNames(), childProcesses(), storedFiles(directory));
        }

        private static long usedHeap() {
            for (int i = 0; i < 3; i++) {
                System.gc();
            }
            return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
        }

        /** By what they lead to; sockets and pipes have a number each, which is not told. */
        private static List<String> openFiles() {
            return list(Path.of("/proc/self/fd")).stream()
                    .flatMap(path -> {
                        try {
                            return Stream.of(Files.readSymbolicLink(path).toString());
                        } catch (IOException e) {
                            // the directory that is being listed
                            return Stream.empty();
                        }
                    })
                    .filter(target -> !target.endsWith("/fd"))
                    .map(target -> target.replaceAll("\\[[0-9]+]", "").replaceAll("-?[0-9]+", "N"))
                    .sorted()
                    .toList();
        }

        /** Without those that come and go: reapers of processes, the common pool's, that of the engines' trial guest, and those of Awaitility, which wait for us. */
        private static List<String> threadNames() {
            return Thread.getAllStackTraces().keySet().stream()
                    .map(Thread::getName)
                    .filter(name -> !name.matches("(process reaper|ForkJoinPool|supermachine vcpu, idle|awaitility).*"))
                    .map(name -> name.replaceAll("[0-9]+", "N"))
                    .sorted()
                    .toList();
        }

        private static List<String> childProcesses() {
            return ProcessHandle.current()
                    .descendants()
                    .map(process -> process.info().command().orElse("(ended)"))
                    .sorted()
                    .toList();
        }

        private static List<String> storedFiles(Path directory) {
            try (Stream<Path> files = Files.walk(directory)) {
                return files.map(path -> directory.relativize(path).toString())
                        .map(path -> path.replaceAll("(tmp/supermachine-[0-9]+/[0-9a-z]+/)[0-9]+", "$1N"))
                        .sorted()
                        .toList();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static List<Path> list(Path directory) {
            try (Stream<Path> files = Files.list(directory)) {
                return files.toList();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public String toString() {
            return (heap >> 10) + " KiB of heap, " + files.size() + " open files, " + threads.size() + " threads, "
                    + children.size() + " children, " + stored.size() + " files in its directories";
        }
    }

    /** The JVM. Arguments: its directory and the number of cycles. */
    static final class Child {

        /** After which the pool is back at its minimum. */
        private static final Duration SOON = Duration.ofMillis(500);

        private Child() {}

        public static void main(String[] arguments) {
            Path directory = Path.of(arguments[0]);
            int cycles = Integer.parseInt(arguments[1]);
            System.setProperty("java.io.tmpdir", directory.resolve("tmp").toString());
            System.setProperty(
                    "supermachine.snapshots.dir", directory.resolve("snapshots").toString());
            Image image = Image.builder(TestImages.reference("debian-busybox"))
                    .withMemoryMib(128)
                    .withCmd("sleep", "1000000")
                    .build();
            try (VmPool pool = image.pool().min(1).max(2).idleTimeout(SOON).build()) {
                cycle(pool, WARM_UP);
                Holdings before = settled(pool, directory);
                System.out.println("HAS at first " + before);
                cycle(pool, cycles);
                System.out.println("CYCLES " + cycles);
                await().atMost(PATIENCE).pollInterval(Duration.ofSeconds(1)).untilAsserted(() -> {
                    Holdings after = settled(pool, directory);
                    System.out.println("HAS at last " + after);
                    assertThat(after.files()).isEqualTo(before.files());
                    assertThat(after.threads()).isEqualTo(before.threads());
                    assertThat(after.children()).isEqualTo(before.children());
                    assertThat(after.stored()).isEqualTo(before.stored());
                    assertThat(after.heap()).isLessThan(before.heap() + HEAP);
                });
            }
        }

        /** With one machine kept ready, and all others really gone. */
        private static Holdings settled(VmPool pool, Path directory) {
            await().atMost(PATIENCE)
                    .until(() -> pool.stats().idle() == 1
                            && pool.stats().alive() == 1
                            && Holdings.childProcesses().size() == 1);
            return Holdings.now(directory);
        }

        private static void cycle(VmPool pool, int times) {
            for (int i = 0; i < times; i++) {
                try (Vm vm = pool.acquire()) {
                    vm.writeFile("/tmp/mark", new byte[1000]);
                    assertThat(vm.exec("cat", "/tmp/mark").stdout()).hasSize(1000);
                    vm.mappedPort(80);
                }
            }
        }
    }
}
