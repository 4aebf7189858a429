package dev.supermachine.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.AcquireException;
import dev.supermachine.testing.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryLedgerProcessesIT {

    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final int BUDGET = 1000;

    @TempDir
    Path temporary;

    private final List<ChildJvm> children = new ArrayList<>();

    @AfterEach
    void endChildren() {
        children.forEach(ChildJvm::close);
    }

    private ChildJvm child(String machine, int mib) throws IOException {
        ChildJvm child = ChildJvm.start(
                BookingJvm.class, temporary.toString(), String.valueOf(BUDGET), machine, String.valueOf(mib));
        children.add(child);
        return child;
    }

    private static void awaitBooked(ChildJvm child) {
        await().atMost(PATIENCE).until(() -> child.printed("BOOKED"));
    }

    private static void awaitWaiting(ChildJvm child) {
        await().atMost(PATIENCE).until(() -> child.lines().stream().anyMatch(line -> line.startsWith("WAITING ")));
    }

    @Test
    void aKilledProcessHoldsNothing() throws IOException, InterruptedException {
        ChildJvm holder = child("postgres-1", 700);
        awaitBooked(holder);
        ChildJvm next = child("postgres-2", 600);
        awaitWaiting(next);
        assertThat(next.lines())
                .containsExactly("WAITING The machine 'postgres-2' needs 600 MiB, but of 1000 MiB"
                        + " (supermachine.memory.budget.mib) 700 MiB are booked by 'postgres-1' of process "
                        + holder.pid() + " (700 MiB); nobody came before.");

        holder.kill();
        awaitBooked(next);
        next.sendLine();
        assertThat(next.exitCode()).isZero();
        try (Stream<Path> files = Files.list(temporary)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .as("the dead process's file is removed too")
                    .containsExactlyInAnyOrder("ledger", "lock");
        }
    }

    @Test
    void processesAreServedInTheOrderOfTheirArrival() throws IOException, InterruptedException {
        ChildJvm holder = child("holder", 800);
        awaitBooked(holder);
        ChildJvm large = child("large", 900);
        awaitWaiting(large);
        // It would fit beside the holder, but the large one came before.
        ChildJvm small = child("small", 100);
        awaitWaiting(small);
        assertThat(small.lines().get(0)).endsWith("; 'large' of process " + large.pid() + " (900 MiB) came before.");

        holder.sendLine();
        awaitBooked(large);
        awaitBooked(small);
        large.sendLine();
        small.sendLine();
        assertThat(large.exitCode()).isZero();
        assertThat(small.exitCode()).isZero();
    }

    @Test
    void aKilledProcessInTheQueueBlocksNobody() throws IOException, InterruptedException {
        ChildJvm holder = child("holder", 800);
        awaitBooked(holder);
        ChildJvm large = child("large", 900);
        awaitWaiting(large);
        ChildJvm small = child("small", 100);
        awaitWaiting(small);
        large.kill();
        awaitBooked(small);
        assertThat(holder.printed("BOOKED")).isTrue();
    }

    @Test
    void manyProcessesNeverHaveMoreThanTheBudget() throws IOException, InterruptedException {
        for (int i = 0; i < ChildJvm.COUNT; i++) {
            child("m" + i, 400);
        }
        int finished = 0;
        while (finished < ChildJvm.COUNT) {
            await().atMost(PATIENCE).until(() -> children.stream().anyMatch(child -> child.printed("BOOKED")));
            LedgerState state = LedgerState.read(Files.readString(temporary.resolve("ledger")));
            assertThat(state.bookedMib()).isBetween(400L, 800L);
            for (ChildJvm child : List.copyOf(children)) {
                if (child.printed("BOOKED")) {
                    child.sendLine();
                    assertThat(child.exitCode()).as("%s", child.lines()).isZero();
                    children.remove(child);
                    finished++;
                }
            }
        }
    }

    @Test
    void theTimeoutNamesThoseWhoHaveTheMemory() throws IOException {
        ChildJvm holder = child("postgres-1", 700);
        awaitBooked(holder);
        try (MemoryLedger ledger = MemoryLedger.open(temporary, OptionalInt.of(BUDGET))) {
            assertThatThrownBy(() -> ledger.book("mine", 301, Duration.ZERO, message -> {}))
                    .isInstanceOf(AcquireException.class)
                    .hasMessage("The machine 'mine' needs 301 MiB, but of 1000 MiB (supermachine.memory.budget.mib) 700"
                            + " MiB are booked by 'postgres-1' of process " + holder.pid()
                            + " (700 MiB); nobody came before. Gave up after 0 ms. Close machines that are not needed,"
                            + " lower the pool's maximum, raise supermachine.acquire.timeout, or set"
                            + " supermachine.memory.budget.mib.");
        }
    }
}
