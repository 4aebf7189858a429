package dev.supermachine.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import dev.supermachine.image.TestImages;
import dev.supermachine.testing.Background;
import dev.supermachine.testing.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Several JVMs with real machines on a budget that is far too small for all of them. */
@Timeout(300)
class BudgetIT {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int JVMS = 3;
    private static final int THREADS = 8;
    private static final int MIB = 128;
    private static final int BUDGET = 2 * MIB;

    @TempDir
    private Path directory;

    private final List<ChildJvm> children = new ArrayList<>();

    @BeforeEach
    void bake() {
        image(directory);
    }

    @AfterEach
    void endChildren() {
        children.forEach(ChildJvm::close);
    }

    @Test
    void allAreServedInTheOrderOfTheirArrivalOverAllJvms() throws IOException, InterruptedException {
        for (int i = 0; i < JVMS; i++) {
            child("many");
        }
        for (ChildJvm child : children) {
            awaitPrinted(child, "READY");
        }
        for (ChildJvm child : children) {
            child.sendLine();
        }

        int mostWaiting = 0;
        List<CompletableFuture<Integer>> ends = children.stream()
                .map(child -> Background.supply(() -> exitCode(child)))
                .toList();
        while (!ends.stream().allMatch(CompletableFuture::isDone)) {
            mostWaiting = Math.max(mostWaiting, look());
        }

        assertThat(ends).as("%s", output()).allMatch(end -> end.join() == 0);
        assertThat(children)
                .allSatisfy(child -> assertThat(child.lines())
                        .filteredOn(line -> line.startsWith("SERVED "))
                        .as("%s", child.lines())
                        .hasSize(THREADS));
        assertThat(mostWaiting).as("many were seen waiting").isGreaterThan(2);
        // not each: the JVM that comes first may have all its machines before the others come
        assertThat(children)
                .anySatisfy(child -> assertThat(child.lines())
                        .as("a JVM is told which other one has the memory")
                        .anySatisfy(line -> assertThat(line)
                                .contains(
                                        "needs 128 MiB, but of 256 MiB (supermachine.memory.budget.mib) 256 MiB are booked by")
                                .matches(text -> children.stream()
                                        .anyMatch(other -> other != child
                                                && text.contains("' of process " + other.pid() + " (128 MiB)")))));
        try (MemoryLedger ledger = MemoryLedger.open(directory.resolve("snapshots/ledger"), OptionalInt.of(BUDGET));
                Booking all = ledger.book("all", BUDGET, Duration.ZERO, message -> {})) {
            assertThat(state().booked()).as("all memory is there again").hasSize(1);
            assertThat(all.mib()).isEqualTo(BUDGET);
        }
    }

    @Test
    void theIdleMachinesOfAnotherJvmAreGivenUpForWhoeverWaits() throws IOException, InterruptedException {
        ChildJvm keeper = child("keep");
        awaitPrinted(keeper, "KEEPING 2");
        ChildJvm wanting = child("want");
        awaitPrinted(wanting, "SERVED");
        assertThat(wanting.exitCode()).as("%s", wanting.lines()).isZero();
        assertThat(wanting.lines())
                .anySatisfy(line -> assertThat(line)
                        .contains("256 MiB are booked by 'busybox-")
                        .contains("' of process " + keeper.pid() + " (128 MiB)")
                        .contains("nobody came before"));

        keeper.sendLine();
        assertThat(keeper.exitCode()).as("%s", keeper.lines()).isZero();
        assertThat(keeper.lines())
                .contains("SERVED")
                .anySatisfy(line -> assertThat(line)
                        .contains("Giving up idle machines of the image 'busybox', because 'busybox-")
                        .contains("' of process " + wanting.pid() + " (128 MiB) waits for their memory"));
    }

    /** What must hold in every state of the ledger: the budget, and that whoever waits came after all who have their memory. */
    private int look() throws IOException {
        LedgerState state = state();
        assertThat(state.bookedMib()).as("%s", state).isLessThanOrEqualTo(BUDGET);
        List<LedgerEntry> waiting =
                state.entries().stream().filter(entry -> !entry.booked()).toList();
        long first = waiting.stream().mapToLong(LedgerEntry::ticket).min().orElse(Long.MAX_VALUE);
        assertThat(state.booked()).as("%s", state).allMatch(entry -> entry.ticket() < first);
        return waiting.size();
    }

    private LedgerState state() throws IOException {
        return LedgerState.read(Files.readString(directory.resolve("snapshots/ledger/ledger")));
    }

    private ChildJvm child(String mode) throws IOException {
        ChildJvm child = ChildJvm.start(Child.class, directory.toString(), mode);
        children.add(child);
        return child;
    }

    private static void awaitPrinted(ChildJvm child, String line) {
        await().atMost(PATIENCE)
                .failFast(() -> assertThat(child.isAlive() || child.printed(line))
                        .as("%s", child.lines())
                        .isTrue())
                .until(() -> child.printed(line));
    }

    private static int exitCode(ChildJvm child) {
        try {
            return child.exitCode();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private String output() {
        return children.stream().map(child -> String.join("\n", child.lines())).toList() + "";
    }

    private static Image image(Path directory) {
        System.setProperty(
                "supermachine.snapshots.dir", directory.resolve("snapshots").toString());
        System.setProperty("supermachine.memory.budget.mib", String.valueOf(BUDGET));
        try {
            return Image.builder(TestImages.reference("debian-busybox"))
                    .withName("busybox")
                    .withMemoryMib(MIB)
                    .withCmd("sleep", "1000000")
                    .build();
        } finally {
            System.clearProperty("supermachine.snapshots.dir");
            System.clearProperty("supermachine.memory.budget.mib");
        }
    }

    /** One of the JVMs. Arguments: the directory of the test, and what to do. */
    static final class Child {

        private Child() {}

        public static void main(String[] arguments) throws IOException {
            Image image = image(Path.of(arguments[0]));
            assertThat(image.origin().baked()).isFalse();
            switch (arguments[1]) {
                case "many" -> many(image);
                case "keep" -> keep(image);
                default -> {
                    try (Vm vm = image.start(VmConfig.defaults())) {
                        serve(vm);
                    }
                    System.out.println("SERVED");
                }
            }
        }

        /** Threads that all want a machine of the same pool at once. */
        private static void many(Image image) throws IOException {
            try (VmPool pool =
                    image.pool().min(0).max(THREADS).acquireTimeout(PATIENCE).build()) {
                System.out.println("READY");
                awaitLine();
                Stream.generate(() -> Background.run(() -> {
                            try (Vm vm = pool.acquire()) {
                                serve(vm);
                                System.out.println("SERVED " + vm.name());
                            }
                        }))
                        .limit(THREADS)
                        .toList()
                        .forEach(CompletableFuture::join);
            }
        }

        /** All the memory for idle machines, until somebody wants it; then one of its own. */
        private static void keep(Image image) throws IOException {
            try (VmPool pool = image.pool().min(2).max(2).build()) {
                await().atMost(PATIENCE).until(() -> pool.stats().idle() == 2);
                System.out.println("KEEPING 2");
                awaitLine();
                await().atMost(PATIENCE).until(() -> pool.stats().idle() == 0);
                try (Vm vm = pool.acquire()) {
                    serve(vm);
                }
                System.out.println("SERVED");
            }
        }

        private static void serve(Vm vm) {
            assertThat(vm.exec("true").success()).isTrue();
        }

        private static void awaitLine() throws IOException {
            if (System.in.read() < 0) {
                throw new IOException("The standard input was closed before a line came");
            }
        }
    }
}
