package dev.supermachine.junit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.BakeException;
import dev.supermachine.Vm;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Conditions of annotations, with machines. */
class WaitForIT {

    @BeforeAll
    static void requireRegistry() {
        Guests.requireRegistry();
    }

    @AfterEach
    void leavesNoMachine() {
        Guests.awaitNoProcess();
    }

    @Test
    void theMachineOfATestIsOneThatWasReady() {
        assertThat(Runs.failures(Runs.run(ReadyTestCase.class))).isEmpty();
    }

    @Test
    void aConditionThatIsNotMetInTimeFailsTheTestWithWhatWasSeen() {
        assertThat(Runs.failures(Runs.run(NeverReadyTestCase.class)))
                .singleElement()
                .satisfies(failure -> assertThat(failure.getCause())
                        .isInstanceOf(BakeException.class)
                        .hasMessageContaining("It was not ready within 2 s.")
                        .hasMessageContaining("- a line of output with 'ready' within 2000 ms: 0 of 1 lines matched"));
    }

    @MicroVm(
            image = Guests.BUSYBOX,
            memoryMib = Guests.MEMORY_MIB,
            cmd = {"sh", "-c", "sleep 1; touch /tmp/there; echo I am ready; exec sleep 1000"},
            waitFor = {
                @WaitFor(log = "ready$"),
                @WaitFor(
                        command = {"test", "-e", "/tmp/there"},
                        timeout = "2 min")
            })
    static class ReadyTestCase {

        @Test
        void atOnce(Vm vm) {
            assertThat(vm.logs()).isEqualTo("I am ready\n");
            assertThat(vm.exec("test", "-e", "/tmp/there").success()).isTrue();
        }
    }

    @MicroVm(
            image = Guests.BUSYBOX,
            memoryMib = Guests.MEMORY_MIB,
            cmd = {"sh", "-c", "echo still thinking; exec sleep 1000"},
            waitFor = @WaitFor(log = "ready", timeout = "2 s"))
    static class NeverReadyTestCase {

        @Test
        void never(Vm vm) {
            assertThat(vm.logs()).contains("ready");
        }
    }
}
