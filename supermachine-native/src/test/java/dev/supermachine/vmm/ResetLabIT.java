package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Resets of a machine with the stock kernel, at instants by chance while it is busy: what comes of one is the snapshot, in every byte, and it runs on. */
@Tag("lab")
@Tag("lab-only")
@Tag("lab-smoke")
@Timeout(900) // to compare a memory takes seconds in the laboratory
class ResetLabIT {

    private static final int RESETS = Integer.getInteger("supermachine.test.lab.resets", 20);
    private static final long SEED = Long.getLong("supermachine.test.seed", System.nanoTime());

    /** More than what is copied back page by page, so that all pages are dropped instead. */
    private static final int MANY_MIB = (GuestRam.COPY_BACK_PAGES >> 8) + 8;

    @TempDir
    private static Path directory;

    private final Random random = new Random(SEED);

    @BeforeAll
    static void captureBoth() throws IOException {
        for (int vcpus = 1; vcpus <= 2; vcpus++) {
            LabGuest.capture(directory, vcpus);
        }
    }

    @Test
    void aResetIsExactWithOneProcessor() throws IOException, InterruptedException {
        resets(1, LabGuest.restore(directory, 1));
    }

    /** The kernel in here has it, older ones have not. */
    @Test
    void aResetIsExactWithoutPagemapScan() throws IOException, InterruptedException {
        resets(1, LabGuest.restoreWithoutScan(directory, 1));
    }

    @Test
    void aResetIsExactWithTwoProcessors() throws IOException, InterruptedException {
        resets(2, LabGuest.restore(directory, 2));
    }

    private void resets(int vcpus, LabGuest restored) throws IOException, InterruptedException {
        MachineState origin = LabGuest.origin(directory, vcpus);
        try (LabGuest guest = restored) {
            isExact("restored", origin, guest);
            guest.run();
            for (int i = 0; i < RESETS; i++) {
                String which = "reset " + i + " of seed " + SEED;
                beBusyForAWhile(guest, i);
                guest.vm().rewind();
                isExact(which, origin, guest);
                guest.run();
                assertThat(guest.ask("NEXT")).as(which).isEqualTo("2");
            }
        }
    }

    /** Every third time with more memory than is copied back, and every second time with bytes on their way to and from the agent. */
    private void beBusyForAWhile(LabGuest guest, int number) throws IOException, InterruptedException {
        if (number % 3 == 1) {
            assertThat(guest.ask("FILL " + MANY_MIB + " x")).isEqualTo("OK");
        }
        assertThat(guest.ask("BUSY")).isEqualTo("OK");
        guest.awaitPrinted(1 + random.nextInt(1000));
        if (number % 2 == 1) {
            guest.send("ECHO 100000");
            guest.send("x".repeat(50_000));
        }
        LockSupport.parkNanos(random.nextInt(3_000_000));
    }

    private static void isExact(String which, MachineState origin, LabGuest guest) {
        MachineState state = guest.vm().state();
        assertThat(StateDifference.between(origin, state)).as(which).isEmpty();
        assertThat(guest.vm().ram().firstDifference())
                .as("the first byte of memory that differs, " + which)
                .isEqualTo(-1);
        // KVM keeps the counters of all processors together; the capture read the first one's first, when all of them
        // stood
        TscState before = origin.core().vcpus().get(0).tsc();
        long minute = before.khz() * 60_000L;
        for (VcpuState vcpu : state.core().vcpus()) {
            assertThat(vcpu.tsc().value())
                    .as("counts on from the capture, " + which)
                    .isBetween(before.value(), before.value() + minute);
        }
        assertThat(state.core().clock())
                .as("goes on from the capture, " + which)
                .isBetween(origin.core().clock(), origin.core().clock() + TimeUnit.MINUTES.toNanos(1));
    }

    @Test
    void theDiskIsReadAgainAfterResets() throws IOException, InterruptedException {
        try (LabGuest guest = LabGuest.restore(directory, 2)) {
            guest.run();
            String head = guest.ask("DISK");
            for (int i = 0; i < 3; i++) {
                assertThat(guest.ask("BUSY")).isEqualTo("OK");
                guest.awaitPrinted(500);
                await().atMost(1, TimeUnit.MINUTES).until(() -> Long.parseLong(guest.ask("READS")) > 0);
                guest.vm().rewind();
                guest.run();
                assertThat(guest.ask("READS")).isEqualTo("0");
                assertThat(guest.ask("DISK")).isEqualTo(head);
            }
        }
    }

    @Test
    void clocksGoOnAfterManyResets() throws IOException, InterruptedException {
        try (LabGuest guest = LabGuest.restore(directory, 2)) {
            guest.run();
            BigDecimal began = uptime(guest);
            for (int i = 0; i < RESETS; i++) {
                guest.vm().rewind();
                guest.run();
                assertThat(guest.ask("PING")).isEqualTo("PONG");
            }
            BigDecimal first = uptime(guest);
            assertThat(first).as("it is that of the capture").isLessThan(began.add(BigDecimal.valueOf(60)));
            // what is busy sleeps between two rounds, so timers must expire on both processors
            assertThat(guest.ask("BUSY")).isEqualTo("OK");
            guest.awaitPrinted(2000);
            assertThat(uptime(guest)).isGreaterThan(first);
        }
    }

    private static BigDecimal uptime(LabGuest guest) throws IOException {
        return new BigDecimal(guest.ask("UPTIME").split(" ", -1)[0]);
    }

    @Test
    void restoresAreGoodForOneRunEachWithOneProcessor() throws IOException {
        restores(1);
    }

    @Test
    void restoresAreGoodForOneRunEachWithTwoProcessors() throws IOException {
        restores(2);
    }

    private static void restores(int vcpus) throws IOException {
        for (int i = 0; i < RESETS; i++) {
            try (LabGuest guest = LabGuest.restore(directory, vcpus)) {
                guest.run();
                assertThat(guest.ask("NEXT")).as("restore %s", i).isEqualTo("2");
                assertThat(guest.ask("RANDOM")).matches("[0-9a-f]{16}");
            }
        }
    }
}
