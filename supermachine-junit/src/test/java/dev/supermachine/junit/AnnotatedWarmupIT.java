package dev.supermachine.junit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Vm;
import dev.supermachine.Warmup;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** Warm-ups of annotations, with machines. */
class AnnotatedWarmupIT {

    @BeforeAll
    static void requireRegistry() {
        Guests.requireRegistry();
    }

    @AfterEach
    void leavesNoMachine() {
        Guests.awaitNoProcess();
    }

    @Test
    void everyTestBeginsWithWhatTheWarmUpHasDone() {
        assertThat(Runs.failures(Runs.run(WarmTestCase.class))).isEmpty();
    }

    private static final class Seed implements Warmup {

        private static final long serialVersionUID = 1L;

        @Override
        public void run(Vm vm) {
            vm.writeFile("/seed", "seeded");
        }
    }

    @MicroVm(
            image = Guests.BUSYBOX,
            memoryMib = Guests.MEMORY_MIB,
            cmd = {"sleep", "1000"},
            warmup = Seed.class)
    static class WarmTestCase {

        @RepeatedTest(2)
        void eats(Vm vm) {
            assertThat(vm.readText("/seed")).isEqualTo("seeded");
            vm.writeFile("/seed", "eaten");
        }
    }
}
