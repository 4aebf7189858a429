package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.MachineException;
import dev.supermachine.Vm;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Guests on the engine on KVM that end while somebody uses them: the story is told, and a reset gives a good machine. */
@Tag("lab")
@Tag("lab-only")
@Timeout(300)
class EndLabIT {

    /** Fills the code of process 1 with zeros, from where the kernel says that it begins. */
    private static final String CORRUPT_AGENT = "set -- $(sed -n '/r-xp/{s/-.*//p;q}' /proc/1/maps);"
            + " dd if=/dev/zero of=/proc/1/mem bs=4096 seek=$((0x$1 / 4096)) count=8 conv=notrunc; sleep 1000";

    private Vm vm;

    @BeforeEach
    void acquire() {
        vm = Laboratory.pool(1).acquire();
    }

    @AfterEach
    void aResetGivesAGoodMachineOnKvm() {
        vm.reset();
        assertThat(Laboratory.run(vm, "echo well")).isEqualTo("well");
        vm.close();
        Laboratory.assertIsKvm(vm.image());
    }

    @Test
    @Tag("lab-smoke")
    void aGuestThatPowersOff() {
        endsBy("poweroff -f; sleep 1000", "the guest powered off");
        assertThat(vm.console()).contains("reboot: Power down");
    }

    @Test
    void aGuestThatReboots() {
        endsBy("reboot -f; sleep 1000", "the guest reset its machine");
        assertThat(vm.console()).contains("reboot: Restarting system");
    }

    @Test
    @Tag("lab-smoke")
    void aKernelThatPanics() {
        endsBy("echo c >/proc/sysrq-trigger", "the guest reset its machine");
        assertThat(vm.console()).contains("Kernel panic - not syncing: sysrq triggered crash");
    }

    @Test
    @Tag("lab-smoke")
    void anAgentThatIsKilled() {
        assertThat(vm.exec("kill", "-9", "1").success()).isTrue();
        assertThat(vm.exec("true").success()).as("a signal does nothing to it").isTrue();
        endsBy(CORRUPT_AGENT, "the guest reset its machine");
        assertThat(vm.console()).contains("Kernel panic - not syncing: Attempted to kill init!");
    }

    @Test
    void aProcessThatIsOutOfMemoryIsNotTheEnd() {
        assertThat(vm.command("tail", "/dev/zero")
                        .timeout(Duration.ofMinutes(2))
                        .output()
                        .exitStatus())
                .isEqualTo(128 + 9);
        assertThat(Laboratory.run(vm, "echo still here")).isEqualTo("still here");
    }

    private void endsBy(String command, String reason) {
        assertThatThrownBy(() -> vm.exec("sh", "-c", command))
                .isInstanceOf(MachineException.class)
                .hasMessageStartingWith("Machine '" + vm.name() + "'")
                .hasMessageContaining(reason)
                .hasMessageContaining("The workload's output ends with:\nabout to serve");
        assertThatThrownBy(() -> vm.exec("true")).isInstanceOf(MachineException.class);
    }
}
