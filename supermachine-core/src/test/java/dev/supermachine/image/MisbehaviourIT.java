package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.Exec;
import dev.supermachine.ExecProcess;
import dev.supermachine.ExecResult;
import dev.supermachine.Image;
import dev.supermachine.MachineException;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
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

    /** Fills the code of process 1 with zeros, from where the kernel says that it begins. */
    private static final String CORRUPT_AGENT = "set -- $(sed -n '/r-xp/{s/-.*//p;q}' /proc/1/maps);"
            + " dd if=/dev/zero of=/proc/1/mem bs=4096 seek=$((0x$1 / 4096)) count=8 conv=notrunc";

    /** Takes the descriptor of the agent's port out of process 1, by pidfd_open(2) and pidfd_getfd(2), and writes to it. */
    private static final String WRITE_GARBAGE = """
            opendir(D, '/proc/1/fd');
            for (readdir D) { $port = $_ if readlink("/proc/1/fd/$_") =~ /vport/ }
            open(F, '>&=', syscall(438, syscall(434, 1, 0), 0 + $port, 0)) or die $!;
            syswrite(F, 'garbage' x 100);
            sleep 1000;
            """;

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

    @Test
    void theEndOfProcess1PanicsTheKernel() {
        // a signal from inside does nothing to it, so its code is overwritten
        assertThat(vm.exec("kill", "-9", "1").success()).isTrue();
        assertThat(vm.exec("true").success()).as("the agent lives on").isTrue();

        assertThatThrownBy(() -> {
                    vm.exec("sh", "-c", CORRUPT_AGENT);
                    vm.exec("true");
                })
                .isInstanceOf(MachineException.class)
                .satisfies(this::hasTheStory)
                .hasMessageContaining("Kernel panic - not syncing: Attempted to kill init!");
    }

    @Test
    void theEndOfTheWorkloadIsNotTheEndOfTheMachine() {
        assertThat(vm.exec("killall", "-9", "sleep").success()).isTrue();

        await().atMost(LONG).until(() -> vm.exec("pidof", "sleep").exitStatus() != 0);
        assertThat(vm.logs()).contains(LAST_WORDS);
    }

    @Test
    void whatTheOutOfMemoryKillerDidIsOnTheConsole() {
        ExecResult result = vm.command("tail", "/dev/zero").timeout(LONG).output();

        assertThat(result.exitStatus()).as("%s", result).isEqualTo(128 + 9);
        await().atMost(LONG)
                .untilAsserted(() ->
                        assertThat(vm.console()).containsPattern("Out of memory: Killed process \\d+ \\(tail\\)"));
        assertThat(vm.exec("echo", "still here").stdoutText()).isEqualTo("still here\n");
    }

    @Test
    void aGuestWhoseKernelDiesOfLackOfMemorySaysSo() {
        assertThatThrownBy(() -> vm.exec("sh", "-c", "echo 1 > /proc/sys/vm/panic_on_oom; exec tail /dev/zero"))
                .isInstanceOf(MachineException.class)
                .satisfies(this::hasTheStory)
                .hasMessageContaining("Kernel panic - not syncing: Out of memory");
    }

    @Test
    void aFullFileSystemIsToldWithTheEvidence() {
        assertThat(vm.exec("sh", "-c", "dd if=/dev/zero of=/fill bs=65536; dd if=/dev/zero of=/rest bs=512")
                        .success())
                .isFalse();
        assertThatThrownBy(() -> vm.writeFile("/tmp/more", new byte[1 << 20]))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("cannot write /tmp/more")
                .hasMessageContaining("(errno 28)")
                .hasMessageContaining("\nThe workload's output ends with:\n" + LAST_WORDS)
                .hasMessageContaining("\nThe guest's console ");
        assertThat(vm.exec("rm", "/fill", "/rest").success()).isTrue();
        vm.writeFile("/tmp/more", new byte[1 << 20]);
    }

    @Test
    void aForkBombHurtsItsOwnMachineOnly() {
        try (ExecProcess bomb = vm.command("sh", "-c", "b() { b | b & b; }; b").spawn()) {
            await().atMost(LONG).until(() -> processes() > 60);
            bomb.signal(9);
        }
    }

    @Test
    void outputThatNobodyReadsStopsItsCommandAlone() {
        try (ExecProcess process =
                vm.command("dd", "if=/dev/zero", "bs=1048576", "count=1024").spawn()) {
            for (int i = 0; i < 20; i++) {
                assertThat(vm.exec("echo", "beside").stdoutText()).isEqualTo("beside\n");
            }
            assertThat(process.waitFor(Duration.ofMillis(1)))
                    .as("it is stopped")
                    .isEmpty();
        }
    }

    @Test
    void moreOutputThanIsKeptIsRefusedWithTheLimit() {
        Exec flood = vm.command("dd", "if=/dev/zero", "bs=65536", "count=16384");
        assertThatThrownBy(flood::output)
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("wrote more than 33554432 bytes to its standard output")
                .hasMessageContaining("outputLimit()");
        assertThatThrownBy(() -> vm.command("echo", "four").outputLimit(4).output())
                .hasMessageContaining("wrote more than 4 bytes");
        assertThat(vm.command("echo", "four").outputLimit(5).output().stdoutText())
                .isEqualTo("four\n");
        await().atMost(LONG).until(() -> vm.exec("pidof", "dd").exitStatus() != 0);
    }

    @Test
    void aFloodOfTheConsoleIsBounded() {
        assertThat(vm.exec(
                                "sh",
                                "-c",
                                "yes 'much ado about nothing' | head -c 600000 > /dev/console; echo the end > /dev/console")
                        .success())
                .isTrue();
        await().atMost(LONG).until(() -> vm.console().contains("the end"));
        assertThat(vm.console().length()).isLessThanOrEqualTo(256 * 1024);
        assertThatThrownBy(() -> vm.exec("sh", "-c", "echo c > /proc/sysrq-trigger"))
                .satisfies(this::hasTheStory)
                .satisfies(failure -> assertThat(failure.toString()).hasSizeLessThan(2 * 66_000))
                .hasMessageContaining("sysrq triggered crash");
    }

    @Test
    void garbageOnTheAgentsChannelEndsThatMachine() {
        try (Vm other = TestImages.postgres().start(VmConfig.defaults())) {
            assertThatThrownBy(() -> other.command("perl", "-e", WRITE_GARBAGE)
                            .user("root")
                            .output())
                    .isInstanceOf(MachineException.class)
                    .hasMessageStartingWith("Machine '" + other.name() + "': its agent broke the protocol: ")
                    .hasMessageContaining("The machine is not used any more\n")
                    .hasMessageContaining("database system is ready to accept connections");
            assertThatThrownBy(() -> other.exec("true")).hasMessageContaining("broke the protocol");
            other.reset();
            assertThat(other.exec("true").success()).isTrue();
        }
    }

    private long processes() {
        try {
            return vm.exec("sh", "-c", "set -- /proc/[0-9]*; echo $#")
                    .stdoutText()
                    .strip()
                    .transform(Long::parseLong);
        } catch (MachineException e) {
            // there is no process left for this one
            return Long.MAX_VALUE;
        }
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
