package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import dev.supermachine.Wait;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What machines restored from one snapshot must not share, and what they must get right: randomness and clocks. */
class RestoreIT {

    private static final int RESTORES = TestImages.count("restores", 50);
    private static final int HWRNG_RESTORES = 5;

    @Test
    void everyRestoreHasItsOwnRandomnessAndTheRightTime() {
        Image image = TestImages.redis();
        Set<String> uuids = new HashSet<>();
        Set<String> random = new HashSet<>();
        try (VmPool pool = image.pool().min(1).max(3).build()) {
            for (int i = 0; i < RESTORES; i++) {
                try (Vm vm = pool.acquire()) {
                    Instant before = Instant.now();
                    // bash's SRANDOM asks getrandom(2) each time
                    String[] lines = vm.exec(
                                    "bash",
                                    "-c",
                                    "date +%s.%N; cat /proc/sys/kernel/random/uuid; echo $SRANDOM.$SRANDOM.$SRANDOM.$SRANDOM;"
                                            + " cut -d' ' -f1 /proc/uptime; cut -d' ' -f22 /proc/$(pidof redis-server)/stat; getconf CLK_TCK")
                            .stdoutText()
                            .split("\n", -1);
                    Instant after = Instant.now();

                    assertThat(instant(lines[0])).isBetween(before.minusSeconds(1), after.plusSeconds(1));
                    assertThat(uuids.add(lines[1]))
                            .as("uuid %s is new", lines[1])
                            .isTrue();
                    assertThat(random.add(lines[2]))
                            .as("numbers %s are new", lines[2])
                            .isTrue();
                    BigDecimal startedAt =
                            new BigDecimal(lines[4]).divide(new BigDecimal(lines[5]), 2, RoundingMode.DOWN);
                    assertThat(new BigDecimal(lines[3])).isGreaterThanOrEqualTo(startedAt);
                }
            }
        }
        assertThat(uuids).hasSize(RESTORES);
    }

    @Test
    void nothingThatTheKernelReadAheadFromTheDeviceIsHandedOutTwice() {
        // Somebody who takes a part leaves the rest of it in the kernel, for the capture.
        Image image = Image.builder(TestImages.reference("debian-busybox"))
                .withName("test-hwrng")
                .withCmd("sh", "-c", "dd if=/dev/hwrng bs=8 count=1 >/dev/null; echo ready; exec sleep 100000")
                .withWait(Wait.forLog("ready"))
                .build();
        Set<String> words = new HashSet<>();
        try (VmPool pool = image.pool().min(0).max(1).build()) {
            for (int i = 0; i < HWRNG_RESTORES; i++) {
                try (Vm vm = pool.acquire()) {
                    String read = vm.exec("sh", "-c", "dd if=/dev/hwrng bs=256 count=1 2>/dev/null | xxd -p -c 8")
                            .stdoutText();
                    assertThat(read.lines()).hasSize(32);
                    words.addAll(read.lines().toList());
                }
            }
        }
        assertThat(words).hasSize(32 * HWRNG_RESTORES);
    }

    @Test
    void nothingIsLeftOfARehearsal() {
        Image image = TestImages.redis();
        try (VmPool pool = image.pool().min(1).max(1).build()) {
            // only a machine that waited has rehearsed
            await().atMost(Duration.ofMinutes(1)).until(() -> pool.stats().idle() == 1);
            Instant before = Instant.now();
            try (Vm vm = pool.acquire(
                    VmConfig.defaults().withHostName("after-rehearsal").withEnv("ROLE", "real"))) {
                assertThat(vm.exec("hostname").stdoutText()).isEqualTo("after-rehearsal\n");
                assertThat(vm.readText("/etc/hostname")).isEqualTo("after-rehearsal\n");
                assertThat(vm.readText("/etc/hosts")).contains("10.107.0.2\tafter-rehearsal\n");
                assertThat(vm.exec("printenv", "ROLE").stdoutText()).isEqualTo("real\n");
                assertThat(instant(vm.exec("date", "+%s.%N").stdoutText().strip()))
                        .isBetween(before.minusSeconds(1), Instant.now().plusSeconds(1));
                assertThat(vm.exec("redis-cli", "ping").stdoutText()).isEqualTo("PONG\n");
            }
        }
    }

    @Test
    void theMonotonicClockGoesOnFromTheCapture() {
        Image image = TestImages.redis();
        try (Vm vm = image.start(VmConfig.defaults())) {
            BigDecimal first = uptime(vm);
            BigDecimal second = uptime(vm);
            assertThat(second).isGreaterThanOrEqualTo(first);
            vm.reset();
            assertThat(uptime(vm)).isPositive();
        }
    }

    private static BigDecimal uptime(Vm vm) {
        return new BigDecimal(vm.readText("/proc/uptime").split(" ", -1)[0]);
    }

    private static Instant instant(String seconds) {
        String[] parts = seconds.split("\\.", -1);
        return Instant.ofEpochSecond(Long.parseLong(parts[0]), Long.parseLong(parts[1]));
    }
}
