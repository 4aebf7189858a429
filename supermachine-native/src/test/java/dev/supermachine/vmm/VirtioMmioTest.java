package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The registers, with a device that sends back what it is sent. */
class VirtioMmioTest {

    private static final long FEATURE = EchoDevice.FEATURE;

    private final GuardedMemory guarded = new GuardedMemory();
    private final AtomicInteger pulses = new AtomicInteger();
    private final EchoDevice device = new EchoDevice(guarded.memory, pulses::incrementAndGet);
    private final GuestDriver guest = new GuestDriver(guarded.memory, device);

    private GuestDriver.Ring started() {
        guest.negotiate(GuestDriver.VERSION_1);
        GuestDriver.Ring ring = guest.ring(0);
        guest.go();
        return ring;
    }

    private void requireEcho(GuestDriver.Ring ring) {
        ring.add(List.of(new byte[] {1, 2}, new byte[] {3}), 2, 5);
        ring.kick();
        GuestDriver.Used used = ring.takeOneUsed();
        assertThat(ring.written(used)).containsExactly(1, 2, 3);
        assertThat(guest.takeInterrupts()).isEqualTo(1);
        assertThat(pulses.getAndSet(0)).isEqualTo(1);
    }

    @Test
    void namesItself() {
        assertThat(guest.read(0x000)).isEqualTo(0x74726976);
        assertThat(guest.read(0x004)).isEqualTo(2);
        assertThat(guest.read(0x008)).isEqualTo(42);
        assertThat(guest.read(0x00C)).isEqualTo(0x4D4D5653);
        assertThat(guest.read(0x0FC)).as("generation").isZero();
        for (int register : new int[] {0x0B0, 0x0B4, 0x0B8, 0x0BC}) {
            assertThat(guest.read(register)).as("no shared memory").isEqualTo(-1);
        }
        assertThat(guest.read(0x0C0)).isZero();
        assertThat(guest.read(0x030)).as("a register to write").isZero();
    }

    @Test
    void offersItsFeaturesInHalves() {
        assertThat(guest.offered()).isEqualTo(FEATURE | GuestDriver.VERSION_1);
        guest.write(0x014, 2);
        assertThat(guest.read(0x010)).isZero();
        guest.write(0x014, -1);
        assertThat(guest.read(0x010)).isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, FEATURE, 1, GuestDriver.VERSION_1 | 1, GuestDriver.VERSION_1 | 1L << 33, -1})
    void refusesOtherFeaturesThanThoseItOffersAndOldDrivers(long features) {
        guest.accept(features);
        guest.write(0x070, 1 | 2 | 8);
        assertThat(guest.status()).isEqualTo(1 | 2);
        guest.write(0x070, 1 | 2 | 4);
        assertThat(guest.status()).as("begins without agreement").isEqualTo(1 | 2);
        guest.accept(FEATURE | GuestDriver.VERSION_1);
        guest.write(0x070, 1 | 2 | 8);
        assertThat(guest.status()).isEqualTo(1 | 2 | 8);
    }

    @Test
    void keepsToTheFeaturesOnceTheyAreAgreed() {
        guest.negotiate(GuestDriver.VERSION_1);
        guest.accept(-1);
        guest.write(0x024, 7);
        guest.write(0x020, -1);
        guest.go();
    }

    @Test
    void ignoresFeaturesThatNobodyKnowsYet() {
        guest.write(0x024, 2);
        guest.write(0x020, -1);
        guest.negotiate(GuestDriver.VERSION_1);
    }

    @Test
    void keepsStatusBitsUntilItIsReset() {
        started();
        guest.write(0x070, 1);
        assertThat(guest.status()).isEqualTo(1 | 2 | 4 | 8);
        guest.write(0x070, 128 | 64 | 32);
        assertThat(guest.status()).as("failed; the rest is not for drivers").isEqualTo(128 | 1 | 2 | 4 | 8);
        int before = device.forgotten;
        guest.reset();
        assertThat(device.forgotten).isEqualTo(before + 1);
        guest.write(0x030, 0);
        assertThat(guest.read(0x044)).isZero();
    }

    @Test
    void hasTheQueuesItHas() {
        for (int queue : new int[] {0, 1, 2, 1000, -1}) {
            guest.write(0x030, queue);
            assertThat(guest.read(0x034)).isEqualTo(queue == 0 ? 16 : queue == 1 ? 8 : 0);
            guest.write(0x038, 8);
            guest.write(0x044, 0);
            assertThat(guest.read(0x044)).isZero();
        }
        started();
        guest.write(0x030, 9);
        guest.write(0x044, 1);
        assertThat(guest.read(0x044)).isZero();
        guest.write(0x050, 2);
        guest.write(0x050, -1);
        guest.write(0x050, 1);
        assertThat(guest.status()).isEqualTo(1 | 2 | 4 | 8);
    }

    @Test
    void readsTheConfigurationInAnySizeAndIgnoresWrites() {
        assertThat(guest.config(0, 1)).isEqualTo(1);
        assertThat(guest.config(1, 2)).isEqualTo(0x0302);
        assertThat(guest.config(2, 4)).isEqualTo(0x06050403);
        assertThat(guest.config(0, 8)).isEqualTo(0x0807060504030201L);
        assertThat(guest.config(8, 8)).isEqualTo(0x0A09);
        assertThat(guest.config(10, 4)).isZero();
        assertThat(guest.config(0xEFF, 1)).isZero();
        for (int size : new int[] {1, 2, 4, 8}) {
            device.write(0x100, size, -1);
        }
        assertThat(guest.config(0, 1)).isEqualTo(1);
    }

    @Test
    void hasRegistersOfFourBytesOnly() {
        for (int size : new int[] {1, 2, 8}) {
            assertThat(device.read(0, size)).isZero();
            device.write(0x070, size, 1);
        }
        assertThat(device.read(2, 4)).isZero();
        assertThat(guest.status()).isZero();
    }

    @Test
    void acknowledgesBitByBit() {
        GuestDriver.Ring ring = started();
        ring.add(List.of(new byte[] {1}), 1);
        ring.kick();
        guest.write(0x064, 2);
        assertThat(guest.read(0x060)).isEqualTo(1);
        ring.add(List.of(new byte[] {1}), 1);
        ring.kick();
        assertThat(pulses).as("also when the last is not acknowledged").hasValue(2);
        guest.write(0x064, -1);
        assertThat(guest.read(0x060)).isZero();
    }

    @Test
    void goesOnWhereItWasCaptured() {
        GuestDriver.Ring ring = started();
        requireEcho(ring);
        requireEcho(ring);
        ring.add(List.of(new byte[] {5}), 1);
        device.own = 77;
        StateWriter out = new StateWriter();
        device.save(out);
        guest.write(0x070, 0);
        device.own = 0;

        StateReader in = new StateReader(out.toBytes());
        device.restore(in);
        in.expectEnd();
        assertThat(device.own).isEqualTo(77);
        assertThat(guest.status()).isEqualTo(1 | 2 | 4 | 8);
        ring.kick();
        assertThat(ring.written(ring.takeOneUsed())).containsExactly(5);
        guest.takeInterrupts();
        pulses.set(0);
        requireEcho(ring);
        StateWriter again = new StateWriter();
        device.save(again);
        assertThat(again.toBytes()).hasSameSizeAs(out.toBytes());
    }

    @Test
    void isResetByAStateThatIsNone() {
        started();
        StateWriter out = new StateWriter();
        device.save(out);
        byte[] good = out.toBytes();
        for (int length = 0; length < good.length; length++) {
            byte[] cut = Arrays.copyOf(good, length);
            assertThatThrownBy(() -> device.restore(new StateReader(cut))).isInstanceOf(StateFormatException.class);
            assertThat(guest.status()).isZero();
        }
        refused(good, 0, 41, "Expected a virtio device of kind 42 of 42 to 42 at offset 0 of the state, but found 41");
        refused(good, 4, 256, "Expected a status of 0 to 255 at offset 4 of the state, but found 256");
        refused(
                good,
                16,
                4,
                "The state has features 0x100000004 of the virtio device of kind 42, which offers 0x100000008");
        refused(good, 28, 4, "Expected an interrupt status of 0 to 3 at offset 28 of the state, but found 4");
        refused(good, 32, 7, "The state has a virtqueue of 7 descriptors that is not within the guest's memory");
        requireEcho(started());
    }

    private void refused(byte[] good, int offset, int value, String message) {
        byte[] bad = good.clone();
        ByteBuffer.wrap(bad).order(ByteOrder.LITTLE_ENDIAN).putInt(offset, value);
        assertThatThrownBy(() -> device.restore(new StateReader(bad)))
                .isInstanceOf(StateFormatException.class)
                .hasMessage(message);
        assertThat(guest.status()).isZero();
    }
}
