package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever a guest does, nothing is thrown into its vCPU, nothing beside its memory is touched, no call waits for ever, and after a reset the device works. A case is
 * one thing that the guest or the host does.
 */
@Timeout(value = 3600, threadMode = ThreadMode.SEPARATE_THREAD)
class VirtioPropertyTest {

    private static final int CASES = Integer.getInteger("supermachine.test.virtio.cases", 200_000);
    private static final long SEED = Long.getLong("supermachine.test.seed", System.nanoTime());

    /** After so many cases the device is reset and has to work. */
    private static final int ROUND = 2000;

    @TempDir
    Path directory;

    private final AtomicInteger pulses = new AtomicInteger();
    private final GuardedMemory guarded = new GuardedMemory();

    private interface Check {
        void run() throws IOException;
    }

    private void play(VirtioMmio device, int queues, Random random, Check host, Check works) throws IOException {
        ChaosGuest guest = new ChaosGuest(guarded.memory, device, queues, random);
        for (int done = 0; done < CASES; ) {
            try {
                for (int i = 0; i < ROUND; i++) {
                    guest.step();
                    host.run();
                }
                works.run();
                guarded.requireGuards();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("after case " + done + " with seed " + SEED, e);
            }
            done += ROUND;
        }
        assertThat(pulses.get())
                .as("interrupts: the device was not broken all the time")
                .isGreaterThan(CASES / 20);
    }

    @Test
    void theConsole() throws IOException {
        ConsoleDevice device = new ConsoleDevice(guarded.memory, pulses::incrementAndGet, "name");
        AgentPort port = device.port();
        Random random = new Random(SEED);
        byte[] bytes = new byte[20_000];
        play(
                device,
                6,
                random,
                () -> {
                    switch (random.nextInt(64)) {
                        case 0, 1 -> port.readNow(ByteBuffer.wrap(bytes, 0, random.nextInt(bytes.length)));
                        case 2, 3 -> port.writeNow(ByteBuffer.wrap(bytes, 0, random.nextInt(bytes.length)));
                        case 4 -> device.quiesce();
                        case 5, 6, 7 -> device.unquiesce();
                        default -> {}
                    }
                },
                () -> {
                    device.unquiesce();
                    while (port.readNow(ByteBuffer.allocate(AgentPort.CAPACITY)) > 0) {
                        // what the chaos has left
                    }
                    works(device);
                });
    }

    private void works(ConsoleDevice device) throws IOException {
        LinuxConsole linux = new LinuxConsole(new GuestDriver(guarded.memory, device)).probe();
        linux.open();
        for (byte[] left = linux.takeReceived(); left.length > 0; left = linux.takeReceived()) {
            assertThat(left.length).isPositive();
        }
        device.port().writeNow(ByteBuffer.wrap(new byte[] {1, 2, 3}));
        assertThat(linux.takeReceived()).containsExactly(1, 2, 3);
        linux.send(new byte[] {4, 5});
        ByteBuffer read = ByteBuffer.allocate(10);
        assertThat(device.port().readNow(read)).isEqualTo(2);
        assertThat(read.array()).startsWith(4, 5);
    }

    @Test
    void aDisk() throws IOException {
        Path file = Files.write(directory.resolve("disk"), new byte[40 * 512]);
        BlockStore store = OverlayBlockStore.over(FileBlockStore.open(file), directory, 3 * OverlayBlockStore.BLOCK);
        BlockDevice device = new BlockDevice(guarded.memory, pulses::incrementAndGet, store, false, "disk");
        Random random = new Random(SEED);
        play(
                device,
                1,
                random,
                () -> {
                    switch (random.nextInt(64)) {
                        case 0 -> device.unquiesce();
                        case 1, 2 -> device.turn();
                        default -> {}
                    }
                },
                () -> {
                    store.discard();
                    works(device);
                });
        assertThat(Files.readAllBytes(file)).isEqualTo(new byte[40 * 512]);
        device.close();
    }

    private void works(BlockDevice device) {
        GuestDriver guest = new GuestDriver(guarded.memory, device);
        guest.negotiate(guest.offered());
        GuestDriver.Ring ring = guest.ring(0);
        guest.go();
        byte[] header = new byte[16];
        header[0] = 1;
        header[8] = 39;
        ring.add(List.of(header, new byte[512]), 1);
        ring.kick();
        assertThat(ring.written(ring.takeOneUsed())).containsExactly(0);
        header[0] = 0;
        ring.add(List.of(header), 512, 1);
        ring.kick();
        assertThat(ring.written(ring.takeOneUsed())).isEqualTo(new byte[513]);
    }

    @Test
    void randomBytes() throws IOException {
        RngDevice device = new RngDevice(guarded.memory, pulses::incrementAndGet);
        play(device, 1, new Random(SEED), () -> {}, () -> {
            GuestDriver guest = new GuestDriver(guarded.memory, device);
            guest.negotiate(guest.offered());
            GuestDriver.Ring ring = guest.ring(0);
            guest.go();
            ring.add(List.of(), 16);
            ring.kick();
            assertThat(ring.written(ring.takeOneUsed())).isNotEqualTo(new byte[16]);
        });
    }
}
