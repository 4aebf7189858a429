package dev.supermachine.engine;

import static dev.supermachine.engine.ContractGuest.activation;
import static dev.supermachine.engine.ContractGuest.ask;
import static dev.supermachine.engine.ContractGuest.line;
import static dev.supermachine.engine.ContractGuest.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.EngineException;
import dev.supermachine.engine.Machine.Traces;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What every engine must do. Subclasses name the engine; where it is not usable, the tests are skipped with its reason. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(180)
public abstract class HypervisorContract {

    private static final int MEGABYTE = 1 << 20;
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    static Path temporary;

    private final List<AutoCloseable> open = new ArrayList<>();
    private Path snapshot = Path.of("");
    private Map<String, Long> checksums = Map.of();

    /** The engine under test, always the same object. */
    protected abstract Hypervisor hypervisor();

    /** Boots one machine, looks at it, and captures it; the tests restore from that. */
    @BeforeAll
    final void bootAndCapture() throws IOException, ExecutionException, InterruptedException {
        Availability availability = hypervisor().probe();
        Assumptions.assumeTrue(availability.usable(), availability.reason());
        snapshot = Files.createDirectory(temporary.resolve("snapshot"));
        try (Machine machine = hypervisor().boot(ContractGuest.instance().spec(snapshot, 1))) {
            assertThat(machine.isAlive()).isTrue();
            assertThat(machine.endReason()).isEqualTo("still running");
            assertThat(ask(machine, "PING")).isEqualTo("PONG");
            await().atMost(SOON).until(() -> machine.console().text().contains("contract-init: ready"));
            assertThat(machine.console().text()).as("from the first byte").contains("Linux version");
            assertThat(ask(machine, "CMDLINE")).endsWith("contract.mark=1");
            echo(machine);
            pauseAndResume(machine);
            assertThat(ask(machine, "FILL 8 a")).isEqualTo("OK");
            assertThat(ask(machine, "NEXT")).isEqualTo("1");
            machine.capture(snapshot);
        }
        checksums = checksums(snapshot);
    }

    /** Lets go of what a test opened. */
    @AfterEach
    final void closeAll() throws Exception {
        for (AutoCloseable closeable : open) {
            closeable.close();
        }
        open.clear();
    }

    /** All tests read the same files. */
    @AfterAll
    final void snapshotIsUnchanged() throws IOException {
        if (!checksums.isEmpty()) {
            assertThat(checksums(snapshot)).isEqualTo(checksums);
        }
    }

    @Test
    final void aKeptMachinesConsoleIsAFile() throws IOException {
        Machine machine = restore("kept", snapshot);
        assertThat(ask(machine, "SAY before")).isEqualTo("OK");
        Traces traces = machine.leaveTraces();
        assertThat(ask(machine, "SAY after")).isEqualTo("OK");
        assertThat(machine.leaveTraces()).isEqualTo(traces);
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(traces.console()).content().contains("before", "after"));
        assertThat(traces.console().getParent()).isEqualTo(traces.directory());
        assertThat(ProcessHandle.of(traces.pid())).isPresent();
        assertThat(traces.detachable()).as("it was not prepared for that").isFalse();
        assertThatThrownBy(machine::detach).isInstanceOf(EngineException.class).hasMessageContaining("'kept'");
        assertThat(ask(machine, "PING")).isEqualTo("PONG");
    }

    @Test
    @Tag("lab-smoke")
    final void restoredMachineContinuesWhereItWasCaptured() throws IOException {
        Machine machine = restore("continues", snapshot);
        assertThat(ask(machine, "NEXT")).isEqualTo("2");
        assertThat(ask(machine, "SUM")).isEqualTo(sum('a'));
        echo(machine);
        assertThat(ask(machine, "SAY after the restore")).isEqualTo("OK");
        await().atMost(SOON).until(() -> machine.console().tail(5).contains("after the restore"));
    }

    @Test
    final void restoredMachinesHaveMemoryOfTheirOwn() throws IOException {
        List<Machine> machines = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            machines.add(restore("own-" + i, snapshot));
        }
        for (int i = 0; i < 3; i++) {
            assertThat(ask(machines.get(i), "FILL 8 " + (char) ('p' + i))).isEqualTo("OK");
        }
        for (int i = 0; i < 3; i++) {
            assertThat(ask(machines.get(i), "SUM")).isEqualTo(sum((char) ('p' + i)));
        }
        assertThat(ask(restore("own-after", snapshot), "SUM")).isEqualTo(sum('a'));
        assertThat(checksums(snapshot)).isEqualTo(checksums);
    }

    @Test
    @Tag("lab-smoke")
    final void restoredMachineHasItsDevices() throws IOException {
        Machine machine = restore("devices", snapshot);
        String head = HexFormat.of()
                .formatHex(ContractGuest.rootMark().substring(0, 16).getBytes(StandardCharsets.US_ASCII));
        assertThat(ask(machine, "DISK")).isEqualTo(head);
        assertThat(ask(machine, "WRITEDISK")).isEqualTo("Operation not permitted");
        assertThat(ask(machine, "RANDOM")).matches("[0-9a-f]{16}").isNotEqualTo(ask(machine, "RANDOM"));
    }

    @Test
    @Tag("lab-smoke")
    final void pausesAndResumesARestoredMachine() throws IOException, ExecutionException, InterruptedException {
        pauseAndResume(restore("pauses", snapshot));
    }

    @Test
    @Tag("lab-smoke")
    final void preparedMachineDoesNotRun() throws IOException {
        Prepared prepared = prepare("waits", snapshot);
        assertThat(prepared.isAlive()).isTrue();
        Machine machine = register(prepared.activate(activation(1)));
        assertThat(prepared.isAlive()).isFalse();
        assertThat(ask(machine, "PING")).isEqualTo("PONG");
    }

    @Test
    final void rehearsedMachineWaitsAgainAndGoesOnWhenActivated() {
        Prepared prepared = prepare("rehearses", snapshot);
        assertThat(prepared.<String>rehearse(machine -> asked(machine, "NEXT"))).isEqualTo("2");
        assertThat(prepared.<String>rehearse(machine -> asked(machine, "NEXT"))).isEqualTo("3");
        assertThat(prepared.isAlive()).isTrue();
        Machine machine = register(prepared.activate(activation(1)));
        assertThat(asked(machine, "NEXT")).isEqualTo("4");
        assertThatThrownBy(() -> prepared.rehearse(again -> again))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Machine 'rehearses' was activated or closed before");
    }

    private static String asked(Machine machine, String question) {
        try {
            return ask(machine, question);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    final void activatesOnce() {
        Prepared prepared = prepare("once", snapshot);
        register(prepared.activate(activation(1)));
        assertThatThrownBy(() -> prepared.activate(activation(2)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Machine 'once' was activated or closed before");
    }

    @Test
    final void closingAPreparedMachineAfterItsActivationLeavesTheMachineAlone() throws IOException {
        Prepared prepared = prepare("handed-over", snapshot);
        Machine machine = register(prepared.activate(activation(1)));
        prepared.close();
        assertThat(ask(machine, "PING")).isEqualTo("PONG");
    }

    @Test
    final void closedPreparedMachineIsNotActivated() {
        Prepared prepared = prepare("closed", snapshot);
        prepared.close();
        prepared.close();
        assertThat(prepared.isAlive()).isFalse();
        assertThatThrownBy(() -> prepared.activate(activation(1))).isInstanceOf(IllegalStateException.class);
    }

    @Test
    final void closingEndsABlockedReader() throws InterruptedException {
        Machine machine = restore("reader", snapshot);
        FutureTask<Integer> reader = start(() -> machine.agent().read(ByteBuffer.allocate(16)));
        await().pollDelay(Duration.ofMillis(200)).atMost(SOON).until(() -> !reader.isDone());
        machine.close();
        machine.close();
        await().atMost(SOON).until(reader::isDone);
        assertThat(machine.isAlive()).isFalse();
        assertThat(machine.endReason()).isEqualTo("closed");
        try {
            assertThat(reader.get()).isEqualTo(-1);
        } catch (ExecutionException e) {
            assertThat(e).cause().isInstanceOf(IOException.class);
        }
    }

    @Test
    final void guestThatPowersOffEndsTheMachine() throws IOException {
        Machine machine = restore("powers-off", snapshot);
        send(machine, "OFF");
        await().atMost(SOON).until(() -> !machine.isAlive());
        assertThat(machine.endReason()).contains("guest");
        assertThatThrownBy(machine::pause)
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("Cannot pause machine 'powers-off'")
                .hasMessageContaining(machine.endReason());
    }

    @Test
    final void restoredMachineIsNotCaptured() throws IOException {
        Machine machine = restore("restored", snapshot);
        Path directory = Files.createDirectory(temporary.resolve("again"));
        assertThatThrownBy(() -> machine.capture(directory))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("it was restored from a snapshot");
        assertThat(ask(machine, "PING")).isEqualTo("PONG");
    }

    @Test
    final void snapshotRestoresFromAnotherDirectory() throws IOException {
        Path moved = Files.createDirectories(temporary.resolve("else, where").resolve("it \"is\""));
        copy(moved);
        assertThat(ask(restore("moved", moved), "SUM")).isEqualTo(sum('a'));
    }

    @Test
    @Tag("lab-smoke")
    final void rewindingFollowsTheCapability() throws IOException {
        Machine machine = restore("rewinds", snapshot);
        assertThat(ask(machine, "FILL 8 z")).isEqualTo("OK");
        if (hypervisor().capabilities().contains(Capability.RESET_IN_PLACE)) {
            rewinds(machine);
        } else {
            assertThatThrownBy(machine::rewind).isInstanceOf(UnsupportedOperationException.class);
            assertThat(ask(machine, "SUM")).isEqualTo(sum('z'));
        }
    }

    private void rewinds(Machine first) throws IOException {
        assertThat(ask(first, "SAY before")).isEqualTo("OK");
        await().atMost(SOON).until(() -> first.console().text().contains("before"));
        FutureTask<Integer> reader = start(() -> first.agent().read(ByteBuffer.allocate(16)));
        Prepared prepared = register(first.rewind());
        await().atMost(SOON).until(reader::isDone);
        first.close();
        assertThat(prepared.isAlive()).as("it is not the first run's any more").isTrue();

        Machine second = register(prepared.activate(activation(2)));
        assertThat(ask(second, "SUM")).isEqualTo(sum('a'));
        assertThat(ask(second, "NEXT")).isEqualTo("2");
        echo(second);
        assertThat(second.console().text()).doesNotContain("before");
        send(second, "PING");
        send(second, "FILL 8 y");
        second.agent().close();

        Machine third = register(register(second.rewind()).activate(activation(3)));
        assertThat(ask(third, "NEXT"))
                .as("nothing comes of what was on its way")
                .isEqualTo("2");
        assertThat(ask(third, "SUM")).isEqualTo(sum('a'));
        Prepared waits = register(third.rewind());
        waits.close();
        assertThat(waits.isAlive()).isFalse();

        Machine off = restore("rewinds-no-more", snapshot);
        send(off, "OFF");
        await().atMost(SOON).until(() -> !off.isAlive());
        assertThatThrownBy(off::rewind).isInstanceOf(EngineException.class);
    }

    @Test
    final void twoProcessorsAreRestoredToo() throws IOException {
        Path directory = Files.createDirectory(temporary.resolve("two"));
        try (Machine machine = hypervisor().boot(ContractGuest.instance().spec(directory, 2))) {
            assertThat(ask(machine, "PING")).isEqualTo("PONG");
            assertThat(machine.console().text()).contains("Brought up 1 node, 2 CPUs");
            machine.capture(directory);
            assertThat(machine.isAlive()).isFalse();
        }
        Prepared prepared =
                register(hypervisor().prepare(ContractGuest.instance().source("two", directory, 2)));
        Machine machine = register(prepared.activate(activation(1)));
        assertThat(ask(machine, "NEXT")).isEqualTo("1");
    }

    @Test
    @Tag("lab-smoke")
    final void eachMachineWritesToDisksOfItsOwn() throws IOException {
        Path directory = Files.createDirectory(temporary.resolve("disks"));
        Path disks = Files.createDirectories(temporary.resolve("its, \"disks\""));
        List<Path> volumes = List.of(disks.resolve("first"), disks.resolve("second"));
        for (Path volume : volumes) {
            Files.write(volume, new byte[MEGABYTE]);
        }
        ContractGuest guest = ContractGuest.instance();
        try (Machine machine = hypervisor().boot(guest.spec(directory, 1).withVolumes(volumes))) {
            assertThat(ask(machine, "VOLWRITE volume0 captured")).isEqualTo("No error information");
            assertThat(ask(machine, "VOLREAD volume0")).isEqualTo("captured");
            assertThat(ask(machine, "VOLREAD volume1")).isEmpty();
            assertThat(ask(machine, "VOLREAD root")).isEqualTo(ContractGuest.rootMark());
            machine.capture(directory);
        }
        assertThat(mark(volumes.get(0))).isEqualTo("captured");
        Map<String, Long> before = checksums(disks);

        Machine one = restoreDisks("one", directory, volumes);
        Machine two = restoreDisks("two", directory, volumes);
        assertThat(ask(one, "VOLREAD volume0")).isEqualTo("captured");
        assertThat(ask(one, "VOLWRITE volume0 one")).isEqualTo("No error information");
        assertThat(ask(one, "VOLWRITE volume1 another")).isEqualTo("No error information");
        assertThat(ask(two, "VOLREAD volume0")).isEqualTo("captured");
        assertThat(ask(two, "VOLREAD volume1")).isEmpty();
        assertThat(ask(one, "VOLREAD volume0")).isEqualTo("one");

        one.pause();
        Path copy = disks.resolveSibling("copy");
        one.copyVolume(1, copy);
        assertThat(mark(copy)).isEqualTo("another");
        assertThat(Files.size(copy)).isEqualTo(MEGABYTE);
        assertThatThrownBy(() -> one.copyVolume(2, disks.resolveSibling("none")))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("Cannot copy disk 2 of machine 'one' to ");
        one.resume();
        assertThat(ask(one, "VOLREAD volume1")).isEqualTo("another");

        if (hypervisor().capabilities().contains(Capability.RESET_IN_PLACE)) {
            Machine again = register(register(one.rewind()).activate(activation(2)));
            assertThat(ask(again, "VOLREAD volume0")).isEqualTo("captured");
            assertThat(ask(again, "VOLREAD volume1")).isEmpty();
        }
        assertThat(checksums(disks)).isEqualTo(before);
    }

    private Machine restoreDisks(String name, Path directory, List<Path> volumes) {
        SnapshotSource source =
                ContractGuest.instance().source(name, directory, 1).withVolumes(volumes);
        return register(register(hypervisor().prepare(source)).activate(activation(1)));
    }

    private static String mark(Path disk) throws IOException {
        byte[] start = new byte[16];
        try (InputStream in = Files.newInputStream(disk)) {
            assertThat(in.readNBytes(start, 0, start.length)).isEqualTo(start.length);
        }
        return new String(start, StandardCharsets.US_ASCII).replace("\0", "");
    }

    @Test
    final void identityIsTheSameOnEveryCall() {
        assertThat(hypervisor().identity())
                .startsWith(hypervisor().id())
                .isEqualTo(hypervisor().identity())
                .doesNotContain("\n");
    }

    /** Prepares a machine that the test's end closes. */
    protected final Prepared prepare(String name, Path directory) {
        return register(hypervisor().prepare(ContractGuest.instance().source(name, directory, 1)));
    }

    /** Prepares and activates. */
    protected final Machine restore(String name, Path directory) {
        return register(prepare(name, directory).activate(activation(1)));
    }

    /** The directory that was captured. */
    protected final Path snapshot() {
        return snapshot;
    }

    /** Copies the snapshot. */
    protected final void copy(Path target) throws IOException {
        for (String file : checksums.keySet()) {
            Files.copy(snapshot.resolve(file), target.resolve(file));
        }
    }

    /** A directory that the end of the tests deletes. */
    protected static final Path temporary(String name) throws IOException {
        return Files.createDirectories(temporary.resolve(name));
    }

    private <T extends AutoCloseable> T register(T closeable) {
        open.add(closeable);
        return closeable;
    }

    /** A megabyte there and back, at the same time. */
    private static void echo(Machine machine) throws IOException {
        byte[] bytes = new byte[MEGABYTE];
        new Random(42).nextBytes(bytes);
        send(machine, "ECHO " + MEGABYTE);
        FutureTask<Boolean> writer = start(() -> {
            machine.agent().write(ByteBuffer.wrap(bytes));
            return true;
        });
        ByteBuffer back = ByteBuffer.allocate(MEGABYTE);
        while (back.hasRemaining()) {
            assertThat(machine.agent().read(back)).isPositive();
        }
        assertThat(writer).succeedsWithin(SOON);
        assertThat(back.array()).isEqualTo(bytes);
    }

    private static void pauseAndResume(Machine machine) throws IOException, ExecutionException, InterruptedException {
        machine.pause();
        send(machine, "PING");
        FutureTask<String> answer = start(() -> line(machine));
        await().during(Duration.ofMillis(300)).atMost(SOON).until(() -> !answer.isDone());
        machine.resume();
        assertThat(answer).succeedsWithin(SOON);
        assertThat(answer.get()).isEqualTo("PONG");
    }

    private static <T> FutureTask<T> start(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread thread = new Thread(task, "contract");
        thread.setDaemon(true);
        thread.start();
        return task;
    }

    private static String sum(char filledWith) {
        return Long.toString(8L * MEGABYTE * filledWith);
    }

    private static Map<String, Long> checksums(Path directory) throws IOException {
        Map<String, Long> checksums = new TreeMap<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                checksums.put(file.getFileName().toString(), checksum(file));
            }
        }
        return checksums;
    }

    /** A checksum, since a hash of this much memory takes long where the test's own processor is emulated. */
    private static long checksum(Path file) throws IOException {
        CRC32C checksum = new CRC32C();
        try (InputStream in = Files.newInputStream(file)) {
            byte[] buffer = new byte[MEGABYTE];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                checksum.update(buffer, 0, count);
            }
        }
        return checksum.getValue();
    }
}
