package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Whatever a guest does to a device: nothing is thrown, what leaves the device is within bounds, and its state survives being saved and restored. */
class RandomAccessTest {

    private static final int ACCESSES = 1_000_000;
    private static final int[] SIZES = {1, 2, 4, 8};

    private final Random random = new Random(20260801);

    /** Accesses within a region, some wide ones at its end, values often small so that they hit registers and bits that matter. */
    private void hammer(IoRegion region, int length, Runnable sometimes) {
        for (int i = 0; i < ACCESSES; i++) {
            int size = SIZES[random.nextInt(SIZES.length)];
            long offset = random.nextInt(length);
            if (random.nextBoolean()) {
                region.read(offset, size);
            } else {
                long value = random.nextLong() >>> random.nextInt(64);
                region.write(offset, size, size == 8 ? value : value & ((1L << (8 * size)) - 1));
            }
            if (i % 1000 == 0) {
                sometimes.run();
            }
        }
    }

    private static void expectSameAfterRestore(Stateful device, Stateful other) {
        byte[] state = SavedBytes.of(device);
        StateReader in = new StateReader(state);
        other.restore(in);
        in.expectEnd();
        assertThat(SavedBytes.of(other)).isEqualTo(state);
    }

    @Test
    void ioApic() {
        AtomicLong messages = new AtomicLong();
        IoApic other = new IoApic((address, data) -> {});
        IoApic ioApic = new IoApic((address, data) -> {
            messages.incrementAndGet();
            assertThat(address & ~0xFF004L).isEqualTo(0xFEE00000L);
            assertThat(data & ~0x7FF).isZero();
        });
        hammer(ioApic, 0x20, () -> {
            // Selecting a register by chance is rare: help a little.
            ioApic.write(0, 4, random.nextInt(0x48));
            ioApic.write(0x10, 4, random.nextInt() & 0xFFFFFFFFL);
            ioApic.line(random.nextInt(IoApic.PINS)).pulse();
            expectSameAfterRestore(ioApic, other);
        });
        assertThat(messages).as("the test came as far as messages").hasPositiveValue();
    }

    @Test
    void uart() {
        AtomicLong bytes = new AtomicLong();
        AtomicInteger interrupts = new AtomicInteger();
        Uart other = new Uart(output -> {}, () -> {});
        Uart uart = new Uart(
                output -> {
                    assertThat(output.remaining()).isBetween(1, 512);
                    bytes.addAndGet(output.remaining());
                },
                interrupts::incrementAndGet);
        hammer(uart, Uart.PORTS, () -> {
            assertThat(uart.read(5, 1) & 0x60).isEqualTo(0x60);
            expectSameAfterRestore(uart, other);
        });
        assertThat(bytes).hasPositiveValue();
        assertThat(interrupts).hasPositiveValue();
    }

    @Test
    void powerPort() {
        AtomicInteger ends = new AtomicInteger();
        PowerPort port = new PowerPort(cause -> ends.incrementAndGet());
        hammer(port, PowerPort.PORTS, () -> port.write(PowerPort.SLEEP_CONTROL, 1, 0x34));
        hammer(port.keyboardController(), 1, () -> {});
        assertThat(ends).hasPositiveValue();
    }

    @Test
    void allOfThemBehindABus() {
        Bus bus = new Bus()
                .add(0x10, Uart.PORTS, new Uart(output -> {}, () -> {}))
                .add(0x18, PowerPort.PORTS, new PowerPort(cause -> {}))
                .add(0x20, 0x20, new IoApic((address, data) -> {}));
        hammer(bus, 0x50, () -> assertThat(bus.read(0x45, 8)).isEqualTo(-1));
    }
}
