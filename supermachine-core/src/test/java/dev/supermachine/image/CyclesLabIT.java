package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Machines that are taken, used and given back again and again on the engine on KVM: nothing is left but the right time and new random numbers. */
@Tag("lab")
@Tag("lab-only")
@Tag("lab-smoke")
@Timeout(600)
class CyclesLabIT {

    private static final int CYCLES = TestImages.count("lab.resets", 20);

    private int vcpus = 1;

    @AfterEach
    void itsEngineIsKvm() {
        Laboratory.assertIsKvm(Laboratory.image(vcpus));
    }

    @Test
    void aHolderSeesNothingOfTheOneBeforeWithOneProcessor() {
        cycles();
    }

    @Test
    void aHolderSeesNothingOfTheOneBeforeWithTwoProcessors() {
        vcpus = 2;
        cycles();
    }

    private void cycles() {
        VmPool pool = Laboratory.pool(vcpus);
        long acquired = pool.stats().acquired();
        Set<String> numbers = new HashSet<>();
        for (int i = 0; i < CYCLES; i++) {
            try (Vm vm = pool.acquire()) {
                assertThat(Laboratory.run(vm, "ls /tmp/mark* 2>/dev/null; true"))
                        .as("files of an earlier cycle")
                        .isEmpty();
                vm.writeFile("/tmp/mark" + i, "cycle " + i);
                Instant before = Instant.now();
                // The first bytes of /dev/hwrng would be those that the kernel read ahead before the capture.
                String[] lines = Laboratory.run(
                                vm,
                                "date +%s; cat /proc/sys/kernel/random/uuid; head -c 16 /dev/urandom | xxd -p; head -c 8 /dev/hwrng | xxd -p")
                        .split("\n", -1);
                assertThat(Instant.ofEpochSecond(Long.parseLong(lines[0])))
                        .isBetween(before.minusSeconds(2), Instant.now().plusSeconds(1));
                for (int line = 1; line < lines.length; line++) {
                    assertThat(numbers.add(lines[line]))
                            .as("%s in cycle %s is new", lines[line], i)
                            .isTrue();
                }
            }
        }
        assertThat(numbers).hasSize(3 * CYCLES);
        assertThat(pool.stats().acquired()).isEqualTo(acquired + CYCLES);
    }

    @Test
    void aResetOfOnesOwnMachineLeavesNothing() {
        try (Vm vm = Laboratory.pool(1).acquire(VmConfig.defaults().withHostName("kept"))) {
            String name = vm.name();
            vm.writeFile("/etc/mark", "here");
            Laboratory.run(vm, "sleep 1000 </dev/null >/dev/null 2>&1 &");
            assertThat(Laboratory.run(vm, "pidof sleep")).isNotEmpty();

            vm.reset();

            assertThat(vm.name()).isEqualTo(name);
            assertThat(vm.exec("test", "-e", "/etc/mark").exitStatus()).isOne();
            assertThat(vm.exec("pidof", "sleep").exitStatus()).isOne();
            assertThat(Laboratory.run(vm, "hostname")).isEqualTo("kept");
        }
    }

    /** By the guest's own clock, however slow the processor that emulates it. */
    @Test
    void aSecondTakesASecondAfterRestoresAndResets() {
        try (Vm vm = Laboratory.pool(1).acquire()) {
            for (int i = 0; i < 3; i++) {
                String[] uptimes = Laboratory.run(vm, "cut -d' ' -f1 /proc/uptime; sleep 1; cut -d' ' -f1 /proc/uptime")
                        .split("\n", -1);
                assertThat(new BigDecimal(uptimes[1]).subtract(new BigDecimal(uptimes[0])))
                        .as("after %s resets", i)
                        .isBetween(new BigDecimal("0.9"), new BigDecimal("1.5"));
                vm.reset();
            }
        }
    }

    @Test
    void timersGoOnAfterManyResets() {
        try (Vm vm = Laboratory.pool(2).acquire()) {
            for (int i = 0; i < CYCLES; i++) {
                vm.reset();
            }
            for (int cpu = 1; cpu <= 2; cpu++) {
                String[] lines = Laboratory.run(
                                vm,
                                "for i in 1 2; do cut -d' ' -f1 /proc/uptime; grep LOC: /proc/interrupts; taskset "
                                        + cpu + " sleep 0.1; done")
                        .split("\n", -1);
                assertThat(new BigDecimal(lines[2])).isGreaterThan(new BigDecimal(lines[0]));
                assertThat(ticks(lines[3], cpu))
                        .as("interrupts of the timer of processor %s: %s, then %s", cpu, lines[1], lines[3])
                        .isGreaterThan(ticks(lines[1], cpu));
            }
        }
    }

    private static long ticks(String line, int cpu) {
        return Long.parseLong(line.strip().split(" +", -1)[cpu]);
    }
}
