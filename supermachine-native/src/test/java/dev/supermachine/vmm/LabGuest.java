package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.linux.PageMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** The stock kernel with {@code contract-init.c} on a machine of this module, in the laboratory, which has both made; and how to talk to it. */
final class LabGuest implements AutoCloseable {

    static final int MEMORY_MIB = 192;

    /** Of the disk, so that reading all of it takes a while. */
    private static final int DISK_BYTES = 8 << 20;

    private static final long PATIENCE_SECONDS = 60;

    /** To fill all of its memory takes a guest many seconds in the laboratory. */
    private static final long ANSWER_SECONDS = 180;

    private static final ScheduledExecutorService LIMIT = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "limit of answers");
        thread.setDaemon(true);
        return thread;
    });

    private final VirtualMachine vm;
    private final StringBuilder console = new StringBuilder();
    private int awaitedLength = Integer.MAX_VALUE;
    private CountDownLatch awaited = new CountDownLatch(0);

    private LabGuest(VirtualMachine vm) {
        this.vm = vm;
        vm.printTo(this::print);
    }

    /** Boots one until it answers. */
    static LabGuest boot(Path directory, int vcpus) throws IOException {
        if (!Files.exists(disk(directory))) {
            byte[] bytes = new byte[DISK_BYTES];
            new Random(7).nextBytes(bytes);
            Files.write(disk(directory), bytes);
        }
        LabGuest guest =
                new LabGuest(VirtualMachine.boot(shape(directory, vcpus), made("kernel"), made("initrd"), List.of()));
        guest.vm.resume();
        assertThat(guest.ask("PING")).isEqualTo("PONG");
        return guest;
    }

    /** Boots one and captures it once it has answered. */
    static void capture(Path directory, int vcpus) throws IOException {
        try (LabGuest guest = boot(directory, vcpus)) {
            assertThat(guest.ask("NEXT")).isEqualTo("1");
            guest.vm.pause();
            guest.vm.capture(ram(directory, vcpus), state(directory, vcpus));
        }
    }

    /** Restores what was captured; it does not run yet. */
    static LabGuest restore(Path directory, int vcpus) throws IOException {
        return restore(directory, vcpus, ram(directory, vcpus), state(directory, vcpus));
    }

    /** Restores what was captured; which pages a run has touched is found as on a kernel without PAGEMAP_SCAN. */
    static LabGuest restoreWithoutScan(Path directory, int vcpus) throws IOException {
        return new LabGuest(VirtualMachine.restore(
                shape(directory, vcpus), ram(directory, vcpus), null, state(directory, vcpus), PageMap::reading));
    }

    /** Restores from other files. */
    static LabGuest restore(Path directory, int vcpus, Path ram, Path state) throws IOException {
        return new LabGuest(VirtualMachine.restore(shape(directory, vcpus), ram, state));
    }

    private static MachineShape shape(Path directory, int vcpus) {
        return new MachineShape("lab", MEMORY_MIB, vcpus, disk(directory));
    }

    private static Path disk(Path directory) {
        return directory.resolve("disk");
    }

    static Path ram(Path directory, int vcpus) {
        return directory.resolve("ram-" + vcpus);
    }

    static Path state(Path directory, int vcpus) {
        return directory.resolve("state-" + vcpus);
    }

    /** What the machine is to be after each rewind. */
    static MachineState origin(Path directory, int vcpus) throws IOException {
        return MachineState.read(state(directory, vcpus), shape(directory, vcpus));
    }

    private static Path made(String what) {
        return Path.of(Objects.requireNonNull(System.getProperty("supermachine.test.contract." + what), what));
    }

    VirtualMachine vm() {
        return vm;
    }

    /** Lets it run, as one of several copies. */
    void run() {
        byte[] id = new byte[GenerationDevice.LENGTH];
        new SecureRandom().nextBytes(id);
        vm.renewGeneration(id);
        vm.resume();
    }

    /** The end of what it has printed. */
    private String consoleTail() {
        String all = console();
        return all.substring(Math.max(0, all.length() - 4000));
    }

    /** All that it has printed. */
    String console() {
        synchronized (console) {
            return console.toString();
        }
    }

    private void print(ByteBuffer bytes) {
        synchronized (console) {
            console.append(StandardCharsets.ISO_8859_1.decode(bytes));
            if (console.length() >= awaitedLength) {
                awaited.countDown();
            }
        }
    }

    /** Waits until it has printed so many more characters. */
    void awaitPrinted(int more) throws InterruptedException {
        CountDownLatch latch = new CountDownLatch(1);
        synchronized (console) {
            awaited = latch;
            awaitedLength = console.length() + more;
        }
        assertThat(latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS))
                .as("%s more characters after: %s", more, consoleTail())
                .isTrue();
    }

    void send(String command) throws IOException {
        vm.agent().write(ByteBuffer.wrap((command + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    /** Sends a command and reads the line that answers it. A guest that does not answer is ended, so that the failure tells what it printed. */
    String ask(String command) throws IOException {
        ScheduledFuture<?> tooLate =
                LIMIT.schedule(() -> vm.end("it did not answer " + command), ANSWER_SECONDS, TimeUnit.SECONDS);
        try {
            send(command);
            return line();
        } finally {
            tooLate.cancel(false);
        }
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        ByteBuffer one = ByteBuffer.allocate(1);
        while (true) {
            if (vm.agent().read(one.clear()) < 0) {
                throw new IOException("The channel ended after '" + line + "': " + vm.endReason()
                        + "; the console ends:\n" + consoleTail());
            }
            if (one.get(0) == '\n') {
                return line.toString();
            }
            line.append((char) one.get(0));
        }
    }

    /** Ends it and waits until all is given back. */
    @Override
    public void close() {
        vm.end("the test is over");
        CompletableFuture<Void> gone = Objects.requireNonNull(vm.gone());
        gone.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    }
}
