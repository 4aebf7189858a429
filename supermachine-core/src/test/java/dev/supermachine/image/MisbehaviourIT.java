package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.Image;
import dev.supermachine.MachineException;
import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Guests that do their worst: the JVM stays whole, the story is told, and the next holder gets a machine that knows nothing of it. */
@Timeout(300)
class MisbehaviourIT {

    private static final Duration LONG = Duration.ofMinutes(2);
    private static final String LAST_WORDS = "last words of the workload";

    private final Image image = Image.builder(TestImages.reference("debian-busybox"))
            .withName("test-misbehaviour")
            .withMemoryMib(128)
            .withCmd("sh", "-c", "echo " + LAST_WORDS + "; exec sleep 1000000")
            .build();

    private VmPool pool;
    private Vm vm;

    @BeforeEach
    void acquire() {
        pool = image.pool().min(0).max(1).acquireTimeout(LONG).build();
        vm = pool.acquire();
        await().atMost(LONG).until(() -> vm.logs().contains(LAST_WORDS));
    }

    @AfterEach
    void theNextHolderGetsAGoodMachine() {
        vm.close();
        try (VmPool all = pool;
                Vm next = all.acquire()) {
            assertThat(next.exec("echo", "well").stdoutText()).isEqualTo("well\n");
        }
    }

    @Test
    void aKernelThatPanicsIsToldToWhoeverWaits() {
        assertThatThrownBy(() -> vm.exec("sh", "-c", "echo c > /proc/sysrq-trigger"))
                .isInstanceOf(MachineException.class)
                .satisfies(this::hasTheStory)
                .hasMessageContaining("Kernel panic - not syncing: sysrq triggered crash");
        assertThatThrownBy(() -> vm.writeFile("/tmp/x", "x"))
                .isInstanceOf(MachineException.class)
                .satisfies(this::hasTheStory);
        assertThatThrownBy(() -> vm.readFile("/etc/passwd")).satisfies(this::hasTheStory);
        assertThatThrownBy(vm::logs).satisfies(this::hasTheStory);
        assertThat(vm.console()).contains("Kernel panic");

        vm.reset();

        assertThat(vm.exec("true").success()).isTrue();
    }

    private void hasTheStory(Throwable failure) {
        assertThat(failure)
                .hasMessageStartingWith("Machine '" + vm.name() + "': its agent has ended the connection")
                .hasMessageContaining(
                        ". QEMU exited with status 0, because the guest powered off, rebooted or panicked\n")
                .hasMessageContaining("\nThe workload's output ends with:\n" + LAST_WORDS + "\n")
                .hasMessageContaining("\nThe guest's console ends with:\n");
    }
}
