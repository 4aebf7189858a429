package dev.supermachine.vmm;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How whole machines with guests of a few instructions end, on the host's KVM. */
@Timeout(120)
class VirtualMachineIT {

    private static final String HALT = """
            fa              ; cli
            f4              ; hlt
            """;

    @TempDir
    Path directory;

    private MachineShape shape;

    @BeforeAll
    static void needsKvm() {
        TestMachine.assumeKvm();
    }

    @BeforeEach
    void writeFiles() throws IOException {
        shape = new MachineShape("tiny", 32, 1, Files.write(directory.resolve("root"), new byte[4096]));
        Files.write(directory.resolve("initrd"), new byte[100]);
    }

    @Test
    void keepsItsMemoryUntilWhoIsInItHasComeOut() throws Exception {
        Stuck device = new Stuck();
        VirtualMachine machine = stuckIn(device);
        FutureTask<Void> pause = new FutureTask<>(machine::pause, null);
        Thread thread = new Thread(pause, "pauses");
        thread.start();
        await().until(() -> thread.getState() == Thread.State.TIMED_WAITING);

        machine.end("tested");

        CompletableFuture<Void> gone = Objects.requireNonNull(machine.gone());
        assertThat(gone).isNotDone();
        device.leave.countDown();
        gone.get(60, TimeUnit.SECONDS);
        pause.get();
    }

    @Test
    void oneThatIsStuckLetsOthersGo() throws Exception {
        Stuck device = new Stuck();
        List<VirtualMachine> stuck = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            stuck.add(stuckIn(device));
        }
        stuck.forEach(machine -> machine.end("tested"));

        VirtualMachine machine = boot(HALT);
        machine.resume();
        machine.end("tested");
        awaitGone(machine);

        assertThat(stuck).allSatisfy(one -> assertThat(one.gone()).isNotNull().isNotDone());
        assertThat(Thread.getAllStackTraces().keySet())
                .filteredOn(thread -> thread.getName().equals("supermachine-closing"))
                .as("one thread, however many are stuck")
                .hasSizeLessThanOrEqualTo(1);
        device.leave.countDown();
        for (VirtualMachine one : stuck) {
            awaitGone(one);
        }
    }

    /** Its vCPU is in a device that does not return. */
    private VirtualMachine stuckIn(Stuck device) throws Exception {
        VirtualMachine machine = boot("""
                e6 10           ; out 0x10, al
                f4              ; hlt
                """);
        ((Bus) machine.devices().ports()).add(0x10, 1, device);
        machine.resume();
        assertThat(device.entered.tryAcquire(60, TimeUnit.SECONDS)).isTrue();
        return machine;
    }

    private static final class Stuck implements IoRegion {

        final Semaphore entered = new Semaphore(0);
        final CountDownLatch leave = new CountDownLatch(1);

        @Override
        public long read(long offset, int size) {
            return 0;
        }

        @Override
        public void write(long offset, int size, long value) {
            entered.release();
            try {
                leave.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Test
    void touchesNoMemoryOnceItIsGone() throws Exception {
        VirtualMachine machine = boot(HALT);
        machine.end("tested");
        awaitGone(machine);

        assertThatThrownBy(() -> machine.renewGeneration(new byte[GenerationDevice.LENGTH]))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("The machine tiny has ended: tested");
        assertThatThrownBy(() -> machine.capture(directory.resolve("ram"), directory.resolve("state")))
                .isInstanceOf(IllegalStateException.class);
        assertThat(directory.resolve("ram")).doesNotExist();
    }

    @Test
    void handsOnALineWithoutAnEndWhenItEnds() throws Exception {
        VirtualMachine machine = boot("""
                66 ba f8 03     ; mov dx, 0x3f8
                b0 4f           ; mov al, 'O'
                ee              ; out dx, al
                b0 4b           ; mov al, 'K'
                ee              ; out dx, al
                66 ba 02 06     ; mov dx, 0x602
                b0 01           ; mov al, 1
                ee              ; out dx, al
                f4              ; hlt
                """);
        StringBuilder printed = new StringBuilder();
        machine.printTo(bytes -> printed.append(US_ASCII.decode(bytes)));
        machine.resume();

        assertThat(machine.awaitEnd(Duration.ofSeconds(60))).isTrue();
        assertThat(machine.endReason()).startsWith("the guest reset its machine");
        assertThat(printed).hasToString("OK");
        machine.end("tested");
    }

    @Test
    void showsWhatItCapturedToNobodyElse() throws Exception {
        VirtualMachine machine = boot(HALT);
        machine.capture(directory.resolve("ram"), directory.resolve("state"));
        machine.end("captured");

        for (String file : List.of("ram", "state")) {
            assertThat(Files.getPosixFilePermissions(directory.resolve(file)))
                    .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        }
        awaitGone(machine);
    }

    @Test
    void restoresOnlyWithAsManyDisksAsItHad() throws Exception {
        VirtualMachine booted = boot(HALT);
        booted.capture(directory.resolve("ram"), directory.resolve("state"));
        booted.end("captured");
        Path disk = Files.write(directory.resolve("disk"), new byte[4096]);
        MachineShape more = new MachineShape("tiny", 32, 1, shape.rootImage(), List.of(disk));
        assertThatThrownBy(() -> VirtualMachine.restore(more, directory.resolve("ram"), directory.resolve("state")))
                .isInstanceOf(StateFormatException.class)
                .hasMessageContaining("a number of disks to write to");
        awaitGone(booted);
    }

    @Test
    void copiesADiskOnlyWhileItIsPaused() throws Exception {
        Path disk = Files.write(directory.resolve("disk"), new byte[4096]);
        shape = new MachineShape("tiny", 32, 1, shape.rootImage(), List.of(disk));
        VirtualMachine machine = boot(HALT);
        machine.copyVolume(0, directory.resolve("copy"));
        assertThat(directory.resolve("copy")).hasSameBinaryContentAs(disk);
        machine.resume();
        assertThatThrownBy(() -> machine.copyVolume(0, directory.resolve("no-copy")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("but it is RUNNING");
        machine.end("tested");
        awaitGone(machine);
    }

    @Test
    void refusesToBeBroughtBackOnceItHasEnded() throws Exception {
        VirtualMachine booted = boot(HALT);
        booted.capture(directory.resolve("ram"), directory.resolve("state"));
        booted.end("captured");
        VirtualMachine machine = VirtualMachine.restore(shape, directory.resolve("ram"), directory.resolve("state"));
        machine.resume();
        machine.rewind();
        machine.end("tested");

        assertThatThrownBy(machine::rewind).isInstanceOf(IllegalStateException.class);
        awaitGone(machine);
    }

    @Test
    void anOldRunDoesNothingToTheNext() throws Exception {
        VirtualMachine booted = boot(HALT);
        booted.capture(directory.resolve("ram"), directory.resolve("state"));
        booted.end("captured");
        VirtualMachine machine = VirtualMachine.restore(shape, directory.resolve("ram"), directory.resolve("state"));
        AgentPort old = machine.agent();
        machine.resume(old);
        FutureTask<Void> pause = new FutureTask<>(() -> machine.pause(old), null);
        Thread thread = new Thread(pause, "pauses");
        synchronized (machine) { // the pause has begun, and the rewind overtakes it
            thread.start();
            await().until(() -> thread.getState() == Thread.State.BLOCKED);
            machine.rewind();
            machine.resume(machine.agent());
        }

        String message = "The machine tiny was brought back to its snapshot";
        assertThatThrownBy(pause::get)
                .cause()
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(message);
        assertThatThrownBy(machine::state).as("the next run goes on").hasMessageContaining("but it is RUNNING");
        machine.pause(machine.agent());
        assertThatThrownBy(() -> machine.resume(old)).hasMessage(message);
        assertThatThrownBy(() -> machine.renewGeneration(old, new byte[GenerationDevice.LENGTH]))
                .hasMessage(message);
        assertThat(machine.state()).as("the next run stands").isNotNull();
        machine.end("tested");
        awaitGone(machine);
    }

    private static void awaitGone(VirtualMachine machine) throws Exception {
        Objects.requireNonNull(machine.gone()).get(60, TimeUnit.SECONDS);
    }

    private VirtualMachine boot(String code) throws IOException {
        return VirtualMachine.boot(
                shape, TinyKernel.write(directory.resolve("kernel"), code), directory.resolve("initrd"), List.of());
    }
}
