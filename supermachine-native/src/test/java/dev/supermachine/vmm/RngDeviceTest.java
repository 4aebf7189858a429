package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RngDeviceTest {

    private final GuardedMemory guarded = new GuardedMemory();
    private final AtomicInteger pulses = new AtomicInteger();
    private final RngDevice device = new RngDevice(guarded.memory, pulses::incrementAndGet);
    private final GuestDriver guest = new GuestDriver(guarded.memory, device);

    private GuestDriver.Ring started() {
        assertThat(guest.read(0x008)).isEqualTo(4);
        assertThat(guest.offered()).isEqualTo(GuestDriver.VERSION_1);
        guest.negotiate(GuestDriver.VERSION_1);
        GuestDriver.Ring ring = guest.ring(0);
        guest.go();
        return ring;
    }

    private static byte[] bytes(GuestDriver.Ring ring, int... lengths) {
        ring.add(List.of(), lengths);
        ring.kick();
        return ring.written(ring.takeOneUsed());
    }

    @Test
    void fillsBuffersWithOtherBytesEachTime() {
        GuestDriver.Ring ring = started();
        byte[] first = bytes(ring, 64);
        byte[] second = bytes(ring, 64);
        assertThat(first).hasSize(64).isNotEqualTo(new byte[64]);
        assertThat(second).hasSize(64).isNotEqualTo(new byte[64]).isNotEqualTo(first);
        assertThat(pulses).hasValue(2);
    }

    @Test
    void fillsARequestOfSeveralBuffers() {
        byte[] all = bytes(started(), 16, 32, 16);
        assertThat(all).hasSize(64);
        assertThat(Arrays.copyOfRange(all, 16, 48)).isNotEqualTo(new byte[32]);
        assertThat(Arrays.copyOfRange(all, 48, 64)).isNotEqualTo(new byte[16]);
    }

    @Test
    void givesNoMoreThanIsBoundedForOneRequest() {
        GuestDriver.Ring ring = started();
        ring.add(List.of(new GuestDriver.Buffer(0x80000, 0x80000, true)));
        ring.kick();
        assertThat(ring.takeOneUsed().length()).isEqualTo(RngDevice.MAX_BYTES);
        assertThat(guarded.memory.getLong(0x80000 + RngDevice.MAX_BYTES)).isZero();
    }

    @Test
    void gives0BytesForNothing() {
        GuestDriver.Ring ring = started();
        ring.add(List.of(new byte[4]));
        ring.kick();
        assertThat(ring.takeOneUsed().length()).isZero();
    }

    @Test
    void goesOnWhereItWasCaptured() {
        GuestDriver.Ring ring = started();
        bytes(ring, 8);
        StateWriter out = new StateWriter();
        device.save(out);
        guest.write(0x070, 0);
        StateReader in = new StateReader(out.toBytes());
        device.restore(in);
        in.expectEnd();
        assertThat(bytes(ring, 8)).hasSize(8);
    }
}
