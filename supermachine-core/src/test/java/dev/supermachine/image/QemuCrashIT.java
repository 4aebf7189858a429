package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.supermachine.BakeException;
import dev.supermachine.Image;
import dev.supermachine.MachineException;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import dev.supermachine.testing.Background;
import dev.supermachine.testing.MachineProcesses;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** QEMU is killed under a JVM that lives on: during a bake, while it is kept ready, and while a test has it. */
@Timeout(300)
class QemuCrashIT {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /** Of this process, which may not be the only one here that runs this test. */
    private static final String NAME = "ready-" + ProcessHandle.current().pid();

    @TempDir
    private Path directory;

    @Test
    void aBakeSaysThatItsMachineWasKilledAndTheNextOneWorks() {
        CompletableFuture<Image> bake = Background.supply(this::listening);
        // a machine that dies before its agent says hello is tried once more, so the second is killed as well
        await().atMost(PATIENCE).until(() -> {
            MachineProcesses.naming(directory).forEach(ProcessHandle::destroyForcibly);
            return bake.isDone();
        });
        assertThatThrownBy(bake::join)
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOf(BakeException.class)
                .hasMessageStartingWith("Baking 'listener' from oci-layout:")
                .hasMessageContaining("QEMU was killed by signal 9")
                .hasMessageContaining("console");
        assertThat(directory.resolve("snapshots/tmp")).isEmptyDirectory();

        Image image = listening();
        assertThat(image.origin().baked()).isTrue();
        try (Vm vm = image.start(VmConfig.defaults())) {
            assertThat(vm.exec("true").success()).isTrue();
        }
    }

    @Test
    void aMachineThatIsKilledWhileItIsKeptReadyIsNotNoticed() throws Exception {
        try (VmPool pool = sleeping().pool().min(1).max(1).build()) {
            for (int round = 0; round < 3; round++) {
                await().atMost(PATIENCE).until(() -> pool.stats().idle() == 1);
                kill(MachineProcesses.naming("guest=" + NAME + "-"));
                try (Vm vm = pool.acquire()) {
                    assertThat(vm.exec("echo", "round " + round).stdoutText()).isEqualTo("round " + round + "\n");
                }
            }
        }
    }

    @Test
    void aMachineThatIsKilledUnderATestSaysSoAndTheNextTestIsGreen() throws Exception {
        try (VmPool pool = sleeping().pool().min(1).max(2).build();
                Vm vm = pool.acquire()) {
            CompletableFuture<?> running = Background.supply(() -> vm.exec("sleep", "1000"));
            assertThat(vm.exec("true").success()).isTrue();
            assertThat(running).isNotDone();

            kill(MachineProcesses.naming("guest=" + vm.name() + ","));

            for (Throwable failure :
                    List.of(catchThrowable(running::join).getCause(), catchThrowable(() -> vm.exec("true")))) {
                assertThat(failure)
                        .isInstanceOf(MachineException.class)
                        .hasMessageStartingWith("Machine '" + vm.name() + "': ")
                        .hasMessageContaining(". QEMU was killed by signal 9\nThe workload's output is empty.")
                        .hasMessageContaining("\nThe guest's console is empty.");
            }

            vm.reset();
            assertThat(vm.exec("echo", "a new one").stdoutText()).isEqualTo("a new one\n");
            try (Vm next = pool.acquire()) {
                assertThat(next.exec("true").success()).isTrue();
            }
        }
    }

    private static void kill(List<ProcessHandle> processes) {
        assertThat(processes).hasSize(1);
        for (ProcessHandle process : processes) {
            process.destroyForcibly();
            process.onExit().orTimeout(1, TimeUnit.MINUTES).join();
        }
    }

    private static Image sleeping() {
        return Image.builder(TestImages.reference("debian-busybox"))
                .withName(NAME)
                .withMemoryMib(128)
                .withCmd("sleep", "1000000")
                .build();
    }

    private Image listening() {
        return Image.builder(TestImages.reference("debian-busybox"))
                .withName("listener")
                .withSnapshotsDir(directory.resolve("snapshots"))
                .withMemoryMib(128)
                .withCmd("httpd", "-f", "-p", "8080")
                .withGuestPort(8080)
                .withListenerRequired()
                .build();
    }
}
