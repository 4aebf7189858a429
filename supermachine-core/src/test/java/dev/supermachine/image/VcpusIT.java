package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.ExecResult;
import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Machines of several virtual CPUs, emulated; the same on KVM is in {@link VmLabIT} and {@link CyclesLabIT}. */
class VcpusIT {

    /** As many busy shells as are asked for, and what each CPU did before and after. */
    private static final String WORK = """
            grep '^cpu[0-9]' /proc/stat; echo; \
            for job in $(seq "$1"); do (i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done) & done; wait; \
            grep '^cpu[0-9]' /proc/stat""";

    private static final int RESTORES = TestImages.count("vcpu.restores", 5);

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void theGuestSeesItsProcessorsAndWorkSpreadsOverThem(int vcpus) {
        Image image = image(vcpus);
        assertThat(image.vcpus()).isEqualTo(vcpus);
        assertThat(image.origin().snapshot().resolve("manifest.json")).content().contains("\"vcpus\": " + vcpus);

        for (int machine = 0; machine < 2; machine++) {
            try (Vm vm = image.start(VmConfig.defaults())) {
                assertThat(vm.exec("nproc").stdoutText()).isEqualTo(vcpus + "\n");
                List<Long> busy = busy(
                        vm.exec("sh", "-c", WORK, "sh", Integer.toString(vcpus)).stdoutText());
                assertThat(busy).hasSize(vcpus);
                long all = busy.stream().mapToLong(Long::longValue).sum();
                assertThat(all).isPositive();
                assertThat(busy)
                        .as("the part of each CPU in the work of all, %s", all)
                        .allSatisfy(part -> assertThat(part).isGreaterThanOrEqualTo(all / (4L * vcpus)));
            }
        }
    }

    /** One restore that fails among many is what several CPUs are known for. Each must answer, on all of them. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void everyRestoreIsGood(int vcpus) {
        Image image = image(vcpus);
        String onEach = "for cpu in $(seq 0 " + (vcpus - 1)
                + "); do taskset $((1 << cpu)) cat /proc/sys/kernel/random/uuid; done";
        Set<String> numbers = new HashSet<>();
        for (int restore = 0; restore < RESTORES; restore++) {
            try (Vm vm = image.start(VmConfig.defaults())) {
                ExecResult result = vm.exec("sh", "-c", onEach);
                assertThat(result.success())
                        .as("restore %s: %s", restore, result)
                        .isTrue();
                result.stdoutText().lines().forEach(numbers::add);
            }
        }
        assertThat(numbers).hasSize(RESTORES * vcpus);
    }

    private Image image(int vcpus) {
        return Image.builder(TestImages.reference("debian-busybox"))
                .withSnapshotsDir(directory.resolve("snapshots"))
                .withName("vcpus-" + vcpus)
                .withEngine("qemu-tcg")
                .withMemoryMib(128)
                .withVcpus(vcpus)
                .withCmd("sleep", "1000000")
                .build();
    }

    /** How much each CPU did between the two halves of the output, in the kernel's ticks. */
    private static List<Long> busy(String output) {
        String[] halves = output.split("\n\n", -1);
        List<Long> before = ticks(halves[0]);
        List<Long> after = ticks(halves[1]);
        List<Long> busy = new ArrayList<>();
        for (int cpu = 0; cpu < after.size(); cpu++) {
            busy.add(after.get(cpu) - before.get(cpu));
        }
        return busy;
    }

    /** Of each CPU the time in user mode, nice and not, and in the kernel: proc(5). */
    private static List<Long> ticks(String stat) {
        return Arrays.stream(stat.strip().split("\n", -1))
                .map(line -> line.split(" +", -1))
                .map(fields -> LongStream.of(
                                Long.parseLong(fields[1]), Long.parseLong(fields[2]), Long.parseLong(fields[3]))
                        .sum())
                .toList();
    }
}
