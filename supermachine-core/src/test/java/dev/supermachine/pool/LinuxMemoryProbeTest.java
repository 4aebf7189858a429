package dev.supermachine.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinuxMemoryProbeTest {

    @TempDir
    Path root;

    @BeforeEach
    void machineWithEightGibFree() throws IOException {
        write("proc/meminfo", "MemTotal:       16777216 kB\nMemFree:  1 kB\nMemAvailable:    8388608 kB\n");
    }

    private void write(String path, String content) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }

    private MemoryReading read() throws IOException {
        return new LinuxMemoryProbe(root).read();
    }

    @Test
    void withoutGroupsFreeMemoryCounts() throws IOException {
        assertThat(read()).isEqualTo(new MemoryReading(8192, 16384, "free memory"));
    }

    @Test
    void theTightestOfAllVersion2GroupsCountsLessWhatIsUsedButNotLately() throws IOException {
        write("proc/self/cgroup", "0::/user.slice/build.scope\n");
        write("sys/fs/cgroup/user.slice/build.scope/memory.max", "max\n");
        write("sys/fs/cgroup/user.slice/build.scope/memory.current", "123\n");
        write("sys/fs/cgroup/user.slice/memory.max", (2L << 30) + "\n");
        write("sys/fs/cgroup/user.slice/memory.current", (1L << 30) + "\n");
        write("sys/fs/cgroup/user.slice/memory.stat", "anon 5\ninactive_file " + (256L << 20) + "\n");
        assertThat(read())
                .isEqualTo(new MemoryReading(
                        1280, 2048, "the limit of control group " + root.resolve("sys/fs/cgroup/user.slice")));
    }

    @Test
    void aContainerThatSeesOnlyItsOwnVersion1GroupIsLimitedByIt() throws IOException {
        write("proc/self/cgroup", "8:cpu:/\n4:memory:/docker/abc\n0::/\n");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", (1L << 30) + "\n");
        write("sys/fs/cgroup/memory/memory.usage_in_bytes", (512L << 20) + "\n");
        write("sys/fs/cgroup/memory/memory.stat", "inactive_file 9\ntotal_inactive_file " + (12L << 20) + "\n");
        assertThat(read())
                .isEqualTo(new MemoryReading(
                        524, 1024, "the limit of control group " + root.resolve("sys/fs/cgroup/memory")));
    }

    @Test
    void version1SaysNoLimitWithAHugeNumber() throws IOException {
        write("proc/self/cgroup", "4:memory:/x\n");
        write("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "9223372036854771712\n");
        write("sys/fs/cgroup/memory/x/memory.usage_in_bytes", "1\n");
        assertThat(read().origin()).isEqualTo("free memory");
    }

    @Test
    void aMeminfoWithoutTheLineIsSaid() throws IOException {
        write("proc/meminfo", "MemTotal: 1 kB\n");
        assertThatThrownBy(this::read)
                .isInstanceOf(IOException.class)
                .hasMessage("/proc/meminfo has no line MemAvailable:");
    }

    @Test
    void thisMachineCanBeMeasured() throws IOException {
        MemoryReading here = new LinuxMemoryProbe().read();
        assertThat(here.availableMib()).isPositive().isLessThanOrEqualTo(here.ceilingMib());
    }
}
