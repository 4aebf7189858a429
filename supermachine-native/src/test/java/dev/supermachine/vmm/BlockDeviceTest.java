package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BlockDeviceTest {

    private static final int SECTOR = 512;
    private static final int SECTORS = 100;

    /** A disk in memory that can be made to fail. */
    private static class MemoryStore implements BlockStore {

        final byte[] bytes = new byte[SECTORS * SECTOR + 100];
        boolean failing;
        int flushes;
        int discards;
        boolean closed;

        MemoryStore() {
            new Random(1).nextBytes(bytes);
        }

        private void check() throws IOException {
            if (failing) {
                throw new IOException("broken on purpose");
            }
        }

        @Override
        public long size() {
            return bytes.length;
        }

        @Override
        public void read(long position, ByteBuffer target) throws IOException {
            check();
            target.put(bytes, (int) position, target.remaining());
        }

        @Override
        public void write(long position, ByteBuffer source) throws IOException {
            check();
            source.get(bytes, (int) position, source.remaining());
        }

        @Override
        public void flush() throws IOException {
            check();
            flushes++;
        }

        @Override
        public void discard() {
            discards++;
        }

        @Override
        public void close() throws IOException {
            check();
            closed = true;
        }
    }

    private final GuardedMemory guarded = new GuardedMemory();
    private final AtomicInteger pulses = new AtomicInteger();
    private final MemoryStore store = new MemoryStore();
    private BlockDevice device = new BlockDevice(guarded.memory, pulses::incrementAndGet, store, false, "root");
    private GuestDriver guest = new GuestDriver(guarded.memory, device);

    private GuestDriver.Ring started(long features) {
        assertThat(guest.read(0x008)).isEqualTo(2);
        assertThat(guest.offered()).isEqualTo(GuestDriver.VERSION_1 | features);
        guest.negotiate(GuestDriver.VERSION_1 | features);
        GuestDriver.Ring ring = guest.ring(0);
        guest.go();
        return ring;
    }

    private GuestDriver.Ring started() {
        return started(1 << 1 | 1 << 2 | 1 << 9);
    }

    private void readOnly() {
        device = new BlockDevice(guarded.memory, pulses::incrementAndGet, store, true, "a name of more than twenty");
        guest = new GuestDriver(guarded.memory, device);
    }

    private static byte[] header(int type, long sector) {
        return ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(type)
                .putInt(0)
                .putLong(sector)
                .array();
    }

    private static byte[] sectors(int count, int seed) {
        byte[] bytes = new byte[count * SECTOR];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    /** A request in which nothing but the status is written. */
    private static int status(GuestDriver.Ring ring, byte[]... toRead) {
        ring.add(List.of(toRead), 1);
        ring.kick();
        byte[] status = ring.written(ring.takeOneUsed());
        assertThat(status).hasSize(1);
        return status[0];
    }

    private void failed(GuestDriver.Ring ring, int status, byte[] header, int... toWrite) {
        ring.add(List.of(header), toWrite);
        ring.kick();
        GuestDriver.Used used = ring.takeOneUsed();
        assertThat(used.length()).isZero();
        GuestDriver.Buffer last = used.buffers().get(used.buffers().size() - 1);
        assertThat(guarded.memory.getByte(last.address() + last.length() - 1)).isEqualTo(status);
        assertThat(guest.status()).isEqualTo(1 | 2 | 4 | 8);
    }

    private byte[] stored(int sector, int count) {
        return Arrays.copyOfRange(store.bytes, sector * SECTOR, (sector + count) * SECTOR);
    }

    @Test
    void tellsItsSizeAndHowLargeRequestsMayBe() {
        assertThat(guest.config(0, 8)).isEqualTo(SECTORS);
        assertThat(guest.config(8, 4)).as("size_max").isEqualTo(256 << 10);
        assertThat(guest.config(12, 4)).as("seg_max").isEqualTo(126);
        assertThat(guest.config(16, 8)).isZero();
    }

    @Test
    void readsIntoBuffersOfAnyLength() {
        GuestDriver.Ring ring = started();
        ring.add(List.of(header(0, 3)), 100, 412, 1024, 1);
        ring.kick();
        byte[] all = ring.written(ring.takeOneUsed());
        assertThat(all).hasSize(3 * SECTOR + 1);
        assertThat(Arrays.copyOf(all, 3 * SECTOR)).isEqualTo(stored(3, 3));
        assertThat(all[3 * SECTOR]).isZero();
        assertThat(pulses).hasValue(1);
    }

    @Test
    void readsWithTheStatusInTheSameBuffer() {
        GuestDriver.Ring ring = started();
        ring.add(List.of(header(0, 99)), SECTOR + 1);
        ring.kick();
        assertThat(Arrays.copyOf(ring.written(ring.takeOneUsed()), SECTOR)).isEqualTo(stored(99, 1));
    }

    @Test
    void writesFromBuffersOfAnyLength() {
        GuestDriver.Ring ring = started();
        byte[] bytes = sectors(3, 7);
        byte[] header = header(1, 97);
        assertThat(status(
                        ring,
                        Arrays.copyOf(header, 5),
                        Arrays.copyOfRange(header, 5, 16),
                        Arrays.copyOf(bytes, 700),
                        Arrays.copyOfRange(bytes, 700, bytes.length)))
                .isZero();
        assertThat(stored(97, 3)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "0, 511", "0, 513", "99, 1024", "100, 512", "101, 512", "-1, 512", "9223372036854775807, 512"})
    void refusesToReadWhatIsNotThere(long sector, int length) {
        failed(started(), 1, header(0, sector), length, 1);
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "0, 511", "99, 1024", "100, 512", "-1, 512", "9223372036854775807, 512"})
    void refusesToWriteWhereNothingIs(long sector, int length) {
        byte[] before = store.bytes.clone();
        assertThat(status(started(), header(1, sector), new byte[length])).isEqualTo(1);
        assertThat(store.bytes).isEqualTo(before);
    }

    /** A disk of which much can be read into little memory. */
    private static MemoryStore largeStore() {
        return new MemoryStore() {
            @Override
            public long size() {
                return 1L << 40;
            }

            @Override
            public void read(long position, ByteBuffer target) {
                target.position(target.limit());
            }
        };
    }

    private void large() {
        device = new BlockDevice(guarded.memory, pulses::incrementAndGet, largeStore(), false, "large");
        guest = new GuestDriver(guarded.memory, device);
    }

    @Test
    void refusesARequestThatIsLargerThanItsParts() {
        large();
        GuestDriver.Ring ring = started();
        assertThat(BlockDevice.MAX_BYTES).isEqualTo(42 * 0xC0000);
        assertThat(lengthOfLargeRead(ring, 42)).isEqualTo(42 * 0xC0000 + 1);
        assertThat(guarded.memory.getByte(0x200)).isZero();
        assertThat(lengthOfLargeRead(ring, 43)).isZero();
        assertThat(guarded.memory.getByte(0x200)).isEqualTo(1);
    }

    private static int lengthOfLargeRead(GuestDriver.Ring ring, int parts) {
        addLargeRead(ring, parts);
        ring.kick();
        return ring.takeOneUsed().length();
    }

    private static void addLargeRead(GuestDriver.Ring ring, int parts) {
        GuestDriver.Buffer[] buffers = new GuestDriver.Buffer[parts + 2];
        Arrays.fill(buffers, new GuestDriver.Buffer(0x40000, 0xC0000, true));
        buffers[0] = new GuestDriver.Buffer(0x100, 16, false);
        buffers[parts + 1] = new GuestDriver.Buffer(0x200, 1, true);
        ring.add(List.of(buffers));
    }

    /** Seven reads of 1.5 MiB, of which three are a turn. */
    private GuestDriver.Ring sevenLargeReads() {
        large();
        GuestDriver.Ring ring = started();
        for (int i = 0; i < 7; i++) {
            addLargeRead(ring, 2);
        }
        return ring;
    }

    @Test
    void oneNotificationMovesAFewMegabytesAndTheRestHasItsTurns() {
        GuestDriver.Ring ring = sevenLargeReads();
        assertThat(device.turn()).as("nothing was notified of").isFalse();

        ring.kick();
        assertThat(ring.takeUsed()).hasSize(3);
        assertThat(pulses).hasValue(1);
        assertThat(device.turn()).isTrue();
        assertThat(ring.takeUsed()).hasSize(3);
        assertThat(device.turn()).isTrue();
        assertThat(ring.takeUsed()).hasSize(1);
        assertThat(pulses).hasValue(3);
        assertThat(device.turn()).isFalse();

        assertThat(lengthOfLargeRead(ring, 42)).as("one is never divided").isEqualTo(42 * 0xC0000 + 1);
        assertThat(device.turn()).isFalse();
    }

    @Test
    void whatHadNoTurnYetIsDoneByAMachineThatIsRestored() {
        GuestDriver.Ring ring = sevenLargeReads();
        ring.kick();
        StateWriter out = new StateWriter();
        device.save(out);

        BlockDevice restored = new BlockDevice(guarded.memory, pulses::incrementAndGet, largeStore(), false, "large");
        restored.restore(new StateReader(out.toBytes()));
        assertThat(restored.turn()).as("not before it runs").isFalse();
        restored.unquiesce();
        assertThat(restored.turn()).isTrue();
        assertThat(restored.turn()).isTrue();
        assertThat(ring.takeUsed()).hasSize(7);
        assertThat(restored.turn()).isFalse();
    }

    @Test
    void aTurnAfterTheEndOfTheDriverOrTheMachineDoesNothing() {
        GuestDriver.Ring ring = sevenLargeReads();
        ring.kick();
        guest.reset();
        assertThat(device.turn()).isFalse();

        ring = sevenLargeReads();
        ring.kick();
        device.close();
        assertThat(device.turn()).isTrue();
        assertThat(device.turn()).isFalse();
        assertThat(ring.takeUsed()).hasSize(3);
    }

    @Test
    void aTurnWithABrokenRingAsksForAReset() {
        GuestDriver.Ring ring = sevenLargeReads();
        ring.kick();
        ring.skip(1000);
        assertThat(device.turn()).isTrue();
        assertThat(guest.status() & GuestDriver.NEEDS_RESET).isNotZero();
        assertThat(device.turn()).isFalse();
    }

    @Test
    void acceptsARequestOfNothing() {
        assertThat(status(started(), header(0, 0))).isZero();
        assertThat(status(started(), header(1, SECTORS))).isZero();
    }

    @Test
    void flushes() {
        assertThat(status(started(), header(4, 0))).isZero();
        assertThat(store.flushes).isEqualTo(1);
    }

    @Test
    void tellsItsName() {
        GuestDriver.Ring ring = started();
        ring.add(List.of(header(8, 0)), 20, 1);
        ring.kick();
        assertThat(ring.written(ring.takeOneUsed())).isEqualTo(Arrays.copyOf(new byte[] {'r', 'o', 'o', 't'}, 21));
        ring.add(List.of(header(8, 0)), 2, 1);
        ring.kick();
        assertThat(ring.written(ring.takeOneUsed())).containsExactly('r', 'o', 0);
        readOnly();
        ring = started(1 << 1 | 1 << 2 | 1 << 5);
        ring.add(List.of(header(8, 0)), 20, 1);
        ring.kick();
        assertThat(ring.written(ring.takeOneUsed()))
                .isEqualTo("a name of more than \0".getBytes(StandardCharsets.US_ASCII));
    }

    @ParameterizedTest
    @CsvSource({"2", "11", "13", "-1"})
    void doesNotSupportOtherRequests(int type) {
        failed(started(), 2, header(type, 0), SECTOR, 1);
    }

    @Test
    void canBeReadOnly() {
        readOnly();
        GuestDriver.Ring ring = started(1 << 1 | 1 << 2 | 1 << 5);
        byte[] before = store.bytes.clone();
        assertThat(status(ring, header(1, 0), sectors(1, 1))).isEqualTo(1);
        assertThat(store.bytes).isEqualTo(before);
        ring.add(List.of(header(0, 0)), SECTOR, 1);
        ring.kick();
        assertThat(ring.takeOneUsed().length()).isEqualTo(SECTOR + 1);
    }

    @Test
    void tellsOfFailuresBelow() {
        GuestDriver.Ring ring = started();
        store.failing = true;
        failed(ring, 1, header(0, 0), SECTOR, 1);
        assertThat(status(ring, header(1, 0), sectors(1, 1))).isEqualTo(1);
        assertThat(status(ring, header(4, 0))).isEqualTo(1);
        store.failing = false;
        assertThat(status(ring, header(1, 0), sectors(1, 1))).isZero();
        assertThat(stored(0, 1)).isEqualTo(sectors(1, 1));
    }

    @Test
    void breaksOnARequestWithoutHeaderOrStatus() {
        GuestDriver.Ring ring = started();
        ring.add(List.of(new byte[15]), SECTOR, 1);
        ring.kick();
        assertThat(guest.status() & GuestDriver.NEEDS_RESET).isNotZero();
        ring = started();
        ring.add(List.of(header(1, 0), sectors(1, 1)));
        ring.kick();
        assertThat(guest.status() & GuestDriver.NEEDS_RESET).isNotZero();
        assertThat(status(started(), header(4, 0))).isZero();
        guarded.requireGuards();
    }

    @Test
    void aResetForgetsWhatWasWritten() {
        GuestDriver.Ring ring = started();
        StateWriter out = new StateWriter();
        device.save(out);
        StateReader in = new StateReader(out.toBytes());
        device.restore(in);
        in.expectEnd();
        assertThat(store.discards).isEqualTo(1);
        assertThat(status(ring, header(4, 0))).isZero();
        guest.reset();
        assertThat(store.discards).as("not at a driver's reset").isEqualTo(1);
    }

    @Test
    void closesWhatItIsKeptIn() {
        device.close();
        assertThat(store.closed).isTrue();
        store.failing = true;
        assertThatThrownBy(device::close)
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage("Cannot close what a disk is kept in");
    }
}
