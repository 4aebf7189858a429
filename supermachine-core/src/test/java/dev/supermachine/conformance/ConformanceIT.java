package dev.supermachine.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.ExecResult;
import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.image.TestImages;
import dev.supermachine.rootfs.Tools;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Real software is baked, written to and reset: nothing of the write is left, and the guest's kernel has nothing to complain about. Says what it measured. */
@Timeout(1800)
class ConformanceIT {

    private static final int RESTORES = TestImages.count("workload.restores", 3);

    @TempDir
    private Path directory;

    static List<Workload> workloads() {
        return Workload.chosen();
    }

    @ParameterizedTest
    @MethodSource("workloads")
    void nothingIsLeftOfAWriteAfterAReset(Workload workload) throws IOException {
        Service service = workload.service();
        Path store = directory.resolve("snapshots");
        Image image = workload.image(store);
        assertThat(image.origin().baked()).isTrue();
        long usedMib;
        try (Vm vm = image.start(VmConfig.defaults())) {
            service.answer(vm);
            assertThat(service.holds(vm)).isFalse();
            service.write(vm);
            assertThat(service.holds(vm)).isTrue();
            assertThat(filesWithTheMark(vm, workload)).isEqualTo(workload.data().isPresent());
            usedMib = usedMib(vm);
            KernelMessages.assertNoComplaints(vm);

            vm.reset();
            assertThat(service.holds(vm)).isFalse();
            assertThat(filesWithTheMark(vm, workload)).isFalse();
            service.answer(vm);
            KernelMessages.assertNoComplaints(vm);
        }
        long[] millis = restoreToFirstAnswer(image, service);
        System.out.printf(
                Locale.ROOT,
                "ConformanceIT: %s memory %d MiB, in use %d MiB, pull %d ms, bake %d ms, restore to first answer p50 %d ms of %s,"
                        + " snapshot %d MiB (memory %d MiB)%n",
                workload,
                workload.memoryMib(),
                usedMib,
                image.origin().pullMillis(),
                image.origin().bakeMillis(),
                millis[millis.length / 2],
                Arrays.toString(millis),
                sizeMib(image.origin().snapshot()),
                sizeMib(image.origin().snapshot().resolve("machine/ram")));
    }

    /** From the call that restores to the first answer in the workload's own protocol, sorted. */
    private static long[] restoreToFirstAnswer(Image image, Service service) throws IOException {
        long[] millis = new long[RESTORES];
        for (int i = 0; i < RESTORES; i++) {
            long started = System.nanoTime();
            try (Vm vm = image.start(VmConfig.defaults())) {
                service.answer(vm);
                millis[i] = (System.nanoTime() - started) / 1_000_000;
            }
        }
        Arrays.sort(millis);
        return millis;
    }

    private static boolean filesWithTheMark(Vm vm, Workload workload) {
        if (workload.data().isEmpty()) {
            return false;
        }
        ExecResult result = vm.command(
                        "grep", "-rqaF", Service.MARK, workload.data().get())
                .user("root")
                .output();
        assertThat(result.exitStatus()).as("%s", result).isIn(0, 1);
        return result.success();
    }

    /** What cannot be had any more, programs and the files that were written, which are memory too. */
    private static long usedMib(Vm vm) {
        return (meminfo(vm, "MemTotal") - meminfo(vm, "MemAvailable")) >> 10;
    }

    private static long meminfo(Vm vm, String name) {
        String line = vm.readText("/proc/meminfo")
                .lines()
                .filter(text -> text.startsWith(name + ":"))
                .findFirst()
                .orElseThrow();
        return Long.parseLong(line.replaceAll("\\D", ""));
    }

    /** What it really takes on the disk; holes do not count. */
    private long sizeMib(Path path) {
        return Long.parseLong(Tools.run(directory, List.of("du", "-sm", path.toString()))
                .output()
                .replaceAll("(?s)\\s.*", ""));
    }
}
