package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Queues as a driver may lay them out and as it may not, through a device that sends back what it is sent. */
class VirtqueueTest {

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

    private void requireBroken() {
        assertThat(guest.status() & GuestDriver.NEEDS_RESET).isNotZero();
        assertThat(guest.takeInterrupts()).isEqualTo(2);
        assertThat(pulses.getAndSet(0)).isEqualTo(1);
        guest.write(0x050, 0);
        assertThat(pulses).as("pulses of a broken device").hasValue(0);
        requireEcho(started());
        guarded.requireGuards();
    }

    private void requireEcho(GuestDriver.Ring ring) {
        ring.add(List.of(new byte[] {1, 2}, new byte[] {3}), 2, 5);
        ring.kick();
        GuestDriver.Used used = ring.takeOneUsed();
        assertThat(ring.written(used)).containsExactly(1, 2, 3);
        assertThat(guest.takeInterrupts()).isEqualTo(1);
        assertThat(pulses.getAndSet(0)).isEqualTo(1);
    }

    private void memoryAt(long address, int value) {
        guarded.memory.putByte(address, value);
    }

    @Test
    void worksOffWhatWaitsWhenItIsNotified() {
        GuestDriver.Ring ring = started();
        ring.kick();
        assertThat(pulses).hasValue(0);
        for (int i = 0; i < 100; i++) {
            requireEcho(ring);
        }
        for (int i = 0; i < 8; i++) {
            ring.add(List.of(new byte[] {(byte) i}), 1);
        }
        ring.kick();
        assertThat(ring.takeUsed())
                .extracting(used -> (int) ring.written(used)[0])
                .containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
        assertThat(pulses).as("one for all").hasValue(1);
    }

    @Test
    void doesNotInterruptWhoDoesNotWantIt() {
        GuestDriver.Ring ring = started();
        ring.wantInterrupts(false);
        ring.add(List.of(new byte[] {1}), 1);
        ring.kick();
        assertThat(ring.takeUsed()).hasSize(1);
        assertThat(guest.takeInterrupts()).isZero();
        assertThat(pulses).hasValue(0);
    }

    @Test
    void touchesNoQueueBeforeTheDriverBeginsAndAfterTheEnd() {
        guest.negotiate(GuestDriver.VERSION_1);
        GuestDriver.Ring ring = guest.ring(0);
        ring.add(List.of(new byte[] {1}), 1);
        ring.kick();
        assertThat(ring.takeUsed()).isEmpty();
        guest.go();
        device.close();
        ring.kick();
        assertThat(ring.takeUsed()).isEmpty();
        assertThat(pulses).hasValue(0);
    }

    @Test
    void keepsTheLayoutOfAReadyQueue() {
        GuestDriver.Ring ring = started();
        guest.write(0x030, 0);
        for (int register : new int[] {0x038, 0x080, 0x084, 0x090, 0x094, 0x0A0, 0x0A4, 0x044}) {
            guest.write(register, 0x7FFFFFFF);
        }
        requireEcho(ring);
        guest.write(0x044, 0);
        assertThat(guest.read(0x044)).isZero();
        ring.kick();
        requireEcho(guest.ring(0));
    }

    @Test
    void worksWithAnySizeThatIsAPowerOfTwo() {
        for (int size : new int[] {4, 8, 16}) {
            guest.negotiate(GuestDriver.VERSION_1 | EchoDevice.FEATURE);
            GuestDriver.Ring ring = guest.ring(0, size);
            guest.go();
            for (int i = 0; i < 40; i++) {
                requireEcho(ring);
            }
        }
    }

    @Test
    void goesOnBehindTheLargestIndex() {
        GuestDriver.Ring ring = started();
        for (int i = 0; i < 70_000; i++) {
            ring.add(List.of(new GuestDriver.Buffer(0x90000, 1, true)));
            ring.kick();
            assertThat(ring.takeUsed()).hasSize(1);
        }
        pulses.set(0);
        guest.takeInterrupts();
        requireEcho(ring);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0 1000 2000 3000",
                "3 1000 2000 3000",
                "32 1000 2000 3000",
                "-1 1000 2000 3000",
                "8 1008 2000 3000",
                "8 1000 2001 3000",
                "8 1000 2000 3002",
                "8 fffc0 2000 3000",
                "8 1000 fffee 3000",
                "8 1000 2000 ffffc",
                "8 fffffffffffffff0 2000 3000",
                "8 1000 100000000 3000",
                "8 1000 2000 7ffffffffffffffc"
            })
    void refusesALayoutThatIsNone(String layout) {
        String[] words = layout.split(" ", -1);
        guest.negotiate(GuestDriver.VERSION_1);
        guest.write(0x030, 0);
        guest.write(0x038, Integer.parseInt(words[0]));
        for (int i = 0; i < 3; i++) {
            long address = Long.parseUnsignedLong(words[i + 1], 16);
            guest.write(0x080 + 0x10 * i, (int) address);
            guest.write(0x084 + 0x10 * i, (int) (address >>> 32));
        }
        guest.write(0x044, 1);
        assertThat(guest.read(0x044)).isZero();
        assertThat(guest.status() & GuestDriver.NEEDS_RESET).isNotZero();
        assertThat(pulses).as("the driver has not begun").hasValue(0);
        requireEcho(started());
    }

    @Test
    void askedForALayoutThatIsNoneWhileItRunsItInterrupts() {
        started();
        guest.write(0x030, 1);
        guest.write(0x044, 1);
        requireBroken();
    }

    @Test
    void breaksOnAHeadThatIsNone() {
        GuestDriver.Ring ring = started();
        ring.offer(16);
        ring.kick();
        requireBroken();
    }

    @Test
    void breaksOnMoreChainsThanThereCanBe() {
        GuestDriver.Ring ring = started();
        ring.skip(17);
        ring.kick();
        requireBroken();
    }

    @Test
    void breaksOnANextThatIsNone() {
        GuestDriver.Ring ring = started();
        ring.describe(0, 0x1000, 1, 1, 16);
        ring.offer(0);
        ring.kick();
        requireBroken();
    }

    @Test
    void breaksOnALoop() {
        GuestDriver.Ring ring = started();
        ring.describe(0, 0x1000, 0, 1, 1);
        ring.describe(1, 0x1000, 0, 1, 0);
        ring.offer(0);
        ring.kick();
        requireBroken();
    }

    @Test
    void takesAChainOfAllDescriptors() {
        GuestDriver.Ring ring = started();
        for (int i = 0; i < 16; i++) {
            ring.describe(i, 0x90000 + i, 1, (i < 8 ? 0 : 2) | (i < 15 ? 1 : 0), i + 1);
        }
        ring.offer(0);
        ring.kick();
        assertThat(ring.takeOneUsed().length()).isEqualTo(8);
    }

    @Test
    void breaksOnIndirectDescriptors() {
        GuestDriver.Ring ring = started();
        ring.describe(0, 0x1000, 16, 4, 0);
        ring.offer(0);
        ring.kick();
        requireBroken();
    }

    @Test
    void breaksOnBuffersInTheWrongOrder() {
        GuestDriver.Ring ring = started();
        ring.add(List.of(new GuestDriver.Buffer(0x1000, 1, true), new GuestDriver.Buffer(0x1000, 1, false)));
        ring.kick();
        requireBroken();
    }

    @ParameterizedTest
    @ValueSource(longs = {0xFFFFF, 0x100000, 0x1FFFFF, 0x20FFFF, -1, Long.MAX_VALUE, Long.MIN_VALUE})
    void breaksOnBuffersOutsideTheMemory(long address) {
        GuestDriver.Ring ring = started();
        ring.add(List.of(new GuestDriver.Buffer(address, 2, true)));
        ring.kick();
        requireBroken();
    }

    @Test
    void breaksOnABufferThatIsTooLong() {
        GuestDriver.Ring ring = started();
        ring.add(List.of(new GuestDriver.Buffer(0x1000, -1, false)));
        ring.kick();
        requireBroken();
    }

    @Test
    void passesOverEmptyBuffersWhereverTheyAre() {
        GuestDriver.Ring ring = started();
        memoryAt(0x5000, 9);
        ring.add(List.of(
                new GuestDriver.Buffer(-1, 0, false),
                new GuestDriver.Buffer(0x5000, 1, false),
                new GuestDriver.Buffer(-1, 0, true),
                new GuestDriver.Buffer(0x6000, 1, true)));
        ring.kick();
        assertThat(ring.takeOneUsed().length()).isEqualTo(1);
        assertThat(guarded.memory.getByte(0x6000)).isEqualTo(9);
        ring.add(List.of(new GuestDriver.Buffer(-1, 0, true)));
        ring.kick();
        assertThat(ring.takeOneUsed().length()).isZero();
    }

    @Test
    void followsBuffersOverTheSeamOfTwoParts() {
        GuestDriver.Ring ring = started();
        memoryAt(GuardedMemory.TOUCH - 1, 1);
        memoryAt(GuardedMemory.TOUCH, 2);
        ring.add(List.of(
                new GuestDriver.Buffer(GuardedMemory.TOUCH - 1, 2, false),
                new GuestDriver.Buffer(GuardedMemory.HIGH, 2, true)));
        ring.kick();
        assertThat(ring.takeOneUsed().length()).isEqualTo(2);
        assertThat(guarded.memory.getShort(GuardedMemory.HIGH)).isEqualTo(0x0201);
    }
}
