package dev.supermachine.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.AcquireException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryLedgerTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    Path temporary;

    private final AtomicLong available = new AtomicLong(1000);
    private final AtomicInteger looks = new AtomicInteger();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<MemoryLedger> ledgers = new ArrayList<>();

    @AfterEach
    void close() {
        ledgers.forEach(MemoryLedger::close);
        threads.shutdownNow();
    }

    private MemoryLedger ledger() {
        MemoryLedger ledger = new MemoryLedger(temporary, () -> {
            looks.incrementAndGet();
            return new MemoryReading(available.get(), 4000, "free memory");
        });
        ledgers.add(ledger);
        return ledger;
    }

    private LedgerState state() throws IOException {
        return LedgerState.read(Files.readString(temporary.resolve("ledger")));
    }

    @Test
    void booksAndGivesBack() throws IOException {
        MemoryLedger ledger = ledger();
        try (Booking first = ledger.book("a", 600, Duration.ZERO, message -> {});
                Booking second = ledger.book("b", 400, Duration.ZERO, message -> {})) {
            assertThat(first.mib() + second.mib()).isEqualTo(1000);
            assertThat(state().bookedMib()).isEqualTo(1000);
        }
        assertThat(state().entries()).isEmpty();
    }

    @Test
    void memoryLeftToAnotherProcessStaysBookedAsLongAsThatOneLives() throws IOException {
        MemoryLedger ledger = ledger();
        Booking booking = ledger.book("a", 600, Duration.ZERO, message -> {});
        try (LedgerFile other = new LedgerFile(temporary)) {
            booking.moveTo(other.owner(), 4711);
            booking.close();
            ledger.close();

            MemoryLedger later = ledger();
            assertThatThrownBy(() -> later.book("b", 600, Duration.ZERO, message -> {}))
                    .isInstanceOf(AcquireException.class)
                    .hasMessageContaining("600 MiB are booked by 'a' of process 4711 (600 MiB)");
        }
        try (Booking afterwards = ledger().book("c", 600, Duration.ZERO, message -> {})) {
            assertThat(state().bookedMib()).isEqualTo(afterwards.mib());
        }
    }

    @Test
    void machinesThatHaveNotTouchedTheirMemoryAreNotLentItTwice() {
        MemoryLedger ledger = ledger();
        ledger.book("a", 900, Duration.ZERO, message -> {});
        // Still 1000 MiB free, because the machine has only just started.
        assertThatThrownBy(() -> ledger.book("b", 200, Duration.ZERO, message -> {}))
                .isInstanceOf(AcquireException.class)
                .hasMessageStartingWith(
                        "The machine 'b' needs 200 MiB, but of 1000 MiB (free memory) 900 MiB are booked"
                                + " by 'a' of process "
                                + ProcessHandle.current().pid() + " (900 MiB); nobody came before.");
        // Now it has touched it.
        available.set(100);
        ledger.book("c", 100, Duration.ZERO, message -> {});
    }

    @Test
    void memoryThatOthersTakeIsNotThere() {
        MemoryLedger ledger = ledger();
        ledger.book("a", 500, Duration.ZERO, message -> {});
        // The machine has touched 500, another program 300.
        available.set(200);
        assertThatThrownBy(() -> ledger.book("b", 201, Duration.ZERO, message -> {}))
                .hasMessageContaining("but of 700 MiB (free memory) 500 MiB are booked");
        ledger.book("c", 200, Duration.ZERO, message -> {});
    }

    @Test
    void whatCanNeverFitFailsAtOnceWithNumbers() {
        MemoryLedger ledger = ledger();
        assertThatThrownBy(() -> ledger.book("huge", 1001, Duration.ofHours(1), message -> {}))
                .isInstanceOf(AcquireException.class)
                .hasMessage(
                        "The machine 'huge' needs 1001 MiB, but of 1000 MiB (free memory) 0 MiB are booked by nobody;"
                                + " nobody came before. It would not fit even alone. Give the machine less memory, end other"
                                + " programs, or set supermachine.memory.budget.mib.");
        assertThatThrownBy(() -> ledger.book("none", 0, Duration.ZERO, message -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("A machine needs at least 1 MiB, but 'none' asks for 0");
    }

    @Test
    void whoFailedLeavesNoPlaceInTheQueue() throws IOException {
        MemoryLedger ledger = ledger();
        ledger.book("a", 900, Duration.ZERO, message -> {});
        assertThatThrownBy(() -> ledger.book("b", 200, Duration.ofMillis(250), message -> {}))
                .hasMessageContaining("Gave up after 250 ms");
        assertThat(state().entries()).extracting(LedgerEntry::machine).containsExactly("a");
    }

    @Test
    void theNextIsServedWhenMemoryComesBackAndIsToldOnceForWhomItWaits() throws Exception {
        MemoryLedger ledger = ledger();
        Booking first = ledger.book("a", 900, Duration.ZERO, message -> {});
        Queue<String> said = new ConcurrentLinkedQueue<>();
        Future<Booking> second = threads.submit(() -> ledger().book("b", 200, PATIENCE, said::add));
        await().atMost(PATIENCE).until(() -> said.size() == 1);
        int before = looks.get();
        await().atMost(PATIENCE).until(() -> looks.get() >= before + 3);
        assertThat(said).hasSize(1);
        first.close();
        assertThat(second.get(30, TimeUnit.SECONDS).mib()).isEqualTo(200);
    }

    @Test
    void anInterruptedWaiterSaysSoAndLeavesTheQueue() throws Exception {
        MemoryLedger ledger = ledger();
        ledger.book("a", 900, Duration.ZERO, message -> {});
        Queue<String> said = new ConcurrentLinkedQueue<>();
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread waiter = new Thread(() -> ledger.book("b", 200, PATIENCE, said::add));
        waiter.setUncaughtExceptionHandler((thread, failure) -> thrown.set(failure));
        waiter.start();
        await().atMost(PATIENCE).until(() -> said.size() == 1);
        waiter.interrupt();
        waiter.join();
        assertThat(thrown.get())
                .isInstanceOf(AcquireException.class)
                .hasMessageStartingWith("The thread was interrupted while it waited. The machine 'b' needs 200 MiB");
        assertThat(state().entries()).extracting(LedgerEntry::machine).containsExactly("a");
    }

    @Test
    void onlyWhoWaitsIsSeenWaiting() throws Exception {
        MemoryLedger ledger = ledger();
        MemoryLedger other = ledger();
        assertThat(other.firstWaiting()).isEmpty();
        Booking first = ledger.book("a", 900, Duration.ZERO, message -> {});
        String before = Files.readString(temporary.resolve("ledger"));
        assertThatThrownBy(() -> ledger.book("b", 200, Duration.ZERO, message -> {}))
                .isInstanceOf(AcquireException.class);
        assertThatThrownBy(() -> ledger.book("huge", 4001, PATIENCE, message -> {}))
                .hasMessageContaining("It would not fit even alone");
        assertThat(temporary.resolve("ledger"))
                .as("who does not wait makes others give up nothing")
                .hasContent(before);
        assertThat(other.firstWaiting()).isEmpty();

        // what is refused has no ticket that it could take from those who come later
        ledger.book("d", 100, Duration.ZERO, message -> {}).close();
        Future<Booking> waiter = threads.submit(() -> ledger.book("c", 200, PATIENCE, message -> {}));
        await().atMost(PATIENCE).until(() -> other.firstWaiting().isPresent());
        assertThat(other.firstWaiting().orElseThrow().machine()).isEqualTo("c");
        first.close();
        assertThat(waiter.get(30, TimeUnit.SECONDS).mib()).isEqualTo(200);
        assertThat(other.firstWaiting()).isEmpty();
    }

    @Test
    void aDeadWaiterIsNotWaitedFor() throws IOException {
        MemoryLedger ledger = ledger();
        LedgerEntry dead = new LedgerEntry(1, "1-deadbeef", 1, "gone", 100, false);
        Files.writeString(
                temporary.resolve("ledger"), LedgerState.EMPTY.with(dead).write());
        assertThat(ledger.firstWaiting()).isEmpty();
        assertThat(state().entries()).isEmpty();
    }

    @Test
    void aLedgerSweepsTheFilesOfTheDead() throws IOException {
        Files.createFile(temporary.resolve("1-deadbeef.alive"));
        MemoryLedger living = ledger();
        assertThat(temporary.resolve("1-deadbeef.alive")).doesNotExist();
        try (MemoryLedger next = ledger()) {
            assertThat(next.book("a", 1, Duration.ZERO, message -> {}).mib()).isOne();
            assertThat(living.book("b", 1, Duration.ZERO, message -> {}).mib()).isOne();
            assertThat(state().booked()).as("the living one is not swept").hasSize(2);
        }
    }

    @Test
    void closingALedgerGivesUpItsBookingsAndItsQueue() throws Exception {
        MemoryLedger first = ledger();
        first.book("a", 900, Duration.ZERO, message -> {});
        Queue<String> said = new ConcurrentLinkedQueue<>();
        Future<Booking> waiting = threads.submit(() -> first.book("b", 200, PATIENCE, said::add));
        await().atMost(PATIENCE).until(() -> said.size() == 1);
        first.close();
        assertThatThrownBy(() -> waiting.get(30, TimeUnit.SECONDS))
                .hasCauseInstanceOf(AcquireException.class)
                .hasMessageContaining("The memory ledger was closed while 'b' of process");
        assertThat(ledger().book("c", 1000, Duration.ZERO, message -> {}).mib()).isEqualTo(1000);
    }

    @Test
    void aTornLedgerIsBegunAnew() throws IOException {
        Files.writeString(temporary.resolve("ledger"), "{\"version\": 1, \"nextT");
        try (Booking booking = ledger().book("a", 10, Duration.ZERO, message -> {})) {
            assertThat(state().entries()).extracting(LedgerEntry::mib).containsExactly(booking.mib());
        }
    }

    @Test
    void manyThreadsNeverHaveMoreThanTheBudgetAndAllAreServed() throws Exception {
        MemoryLedger ledger = ledger();
        AtomicInteger held = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        List<Future<?>> workers = new ArrayList<>();
        for (int worker = 0; worker < 6; worker++) {
            int mib = 150 + 50 * worker;
            workers.add(threads.submit(() -> {
                for (int round = 0; round < 10; round++) {
                    try (Booking booking = ledger.book("w" + mib, mib, PATIENCE, message -> {})) {
                        most.accumulateAndGet(held.addAndGet(booking.mib()), Math::max);
                        held.addAndGet(-booking.mib());
                    }
                }
            }));
        }
        for (Future<?> worker : workers) {
            worker.get(60, TimeUnit.SECONDS);
        }
        assertThat(most).hasValueLessThanOrEqualTo(1000);
        assertThat(state().entries()).isEmpty();
    }
}
