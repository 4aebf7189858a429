package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.vmm.RecordingIo.Write;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Machines that are reset, or made and closed, very often. */
@Timeout(3600)
class MachineCyclesIT {

    private static final int RESETS = Integer.getInteger("supermachine.test.resets", 1000);

    private static final int MACHINES = Integer.getInteger("supermachine.test.vms", 200);

    /** After these, all that the JVM makes once is made. */
    private static final int WARM_UP = 10;

    /** Counts in memory, which begins with what the last run left or the snapshot has; tells the count; then keeps spinning, and writing. */
    private static final String COUNTING = """
            ff 05 00 50 00 00  ; inc dword [0x5000]
            a1 00 50 00 00     ; mov eax, [0x5000]
            e7 10              ; out 0x10, eax
            ff 05 04 60 00 00  ; inc dword [0x6004]
            eb f8              ; jmp back
            """;

    @TempDir
    private Path directory;

    @BeforeAll
    static void needsKvm() {
        TestMachine.assumeKvm();
    }

    @Test
    void everyResetMachineRunsFromTheBeginning() throws Exception {
        Path file = directory.resolve("ram");
        CoreState state = snapshot(file);
        Random random = new Random(RESETS);
        try (PageSource source = PageSource.open(file);
                TestMachine machine = TestMachine.of(GuestRam.of(source), 1)) {
            for (int i = 0; i < RESETS; i++) {
                machine.core.reset(state);
                machine.core.resume();
                assertThat(machine.ports.next()).as("run %s", i).isEqualTo(new Write(0x10, 4, 101));
                for (int spin = random.nextInt(500); spin > 0; spin--) {
                    Thread.onSpinWait();
                }
                machine.core.pause();
            }
            assertThat(machine.ports.isEmpty()).isTrue();
            machine.core.reset(state);
            VcpuStateIT.assertSame(
                    machine.core.capture().vcpus().get(0), state.vcpus().get(0));
        }
    }

    @Test
    void closedMachinesLeaveNothing() throws Exception {
        Path file = directory.resolve("ram");
        CoreState state = snapshot(file);
        try (PageSource source = PageSource.open(file)) {
            cycle(source, state, WARM_UP);
            List<String> files = files();
            List<String> mappings = mappings(file);
            List<String> threads = threads();
            cycle(source, state, MACHINES);
            // The kernel's thread of a machine ends a little later than its file is closed.
            await().atMost(Duration.ofMinutes(1)).untilAsserted(() -> {
                assertThat(files()).isEqualTo(files);
                assertThat(mappings(file)).isEqualTo(mappings);
                assertThat(threads()).isEqualTo(threads);
            });
            assertThat(mappings).as("the one of the source").hasSize(1);
            assertThat(threads).isEmpty();
        }
    }

    private static void cycle(PageSource source, CoreState state, int times) throws InterruptedException {
        for (int i = 0; i < times; i++) {
            try (TestMachine machine = TestMachine.of(GuestRam.of(source), 1)) {
                machine.core.restore(state);
                machine.core.resume();
                assertThat(machine.ports.next()).isEqualTo(new Write(0x10, 4, 101));
            }
        }
    }

    /** Of a guest that is about to count to 101. */
    private static CoreState snapshot(Path file) throws IOException {
        try (TestMachine machine = TestMachine.booting(COUNTING)) {
            machine.core.memory().putInt(0x5000, 100);
            machine.core.ram().capture(file);
            return machine.core.capture();
        }
    }

    private static List<String> files() {
        return list("/proc/self/fd")
                .flatMap(path -> {
                    try {
                        return Stream.of(Files.readSymbolicLink(path).toString());
                    } catch (IOException e) {
                        // the directory that is being listed
                        return Stream.empty();
                    }
                })
                .filter(target -> target.contains("kvm") || target.contains("pagemap") || target.contains("ram"))
                .sorted()
                .toList();
    }

    private static List<String> mappings(Path file) {
        try {
            return Files.readAllLines(Path.of("/proc/self/maps")).stream()
                    .filter(line -> line.contains("kvm") || line.contains(file.toString()))
                    .map(line -> line.replaceAll("^[0-9a-f]+-[0-9a-f]+ ", ""))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of this process as Linux counts them, those of KVM included. */
    private static List<String> threads() {
        return list("/proc/self/task")
                .flatMap(task -> {
                    try {
                        return Stream.of(Files.readString(task.resolve("comm")).strip());
                    } catch (IOException e) {
                        // it has just ended
                        return Stream.empty();
                    }
                })
                .filter(name -> name.startsWith("kvm") || name.startsWith("test vcpu"))
                .toList();
    }

    private static Stream<Path> list(String directory) {
        try (Stream<Path> paths = Files.list(Path.of(directory))) {
            return paths.toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
