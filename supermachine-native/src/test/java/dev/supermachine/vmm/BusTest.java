package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BusTest {

    /** Answers with its name and the offset, and records what was written. */
    private static final class Recorder implements IoRegion {

        private final int name;
        private final List<String> writes = new ArrayList<>();

        Recorder(int name) {
            this.name = name;
        }

        @Override
        public long read(long offset, int size) {
            return ((long) name << 4) | offset;
        }

        @Override
        public void write(long offset, int size, long value) {
            writes.add(offset + "/" + size + "=" + Long.toHexString(value));
        }
    }

    private final Recorder low = new Recorder(0xA);
    private final Recorder middle = new Recorder(0xB);
    private final Recorder high = new Recorder(0xC);

    private final Bus bus = new Bus().add(0x2000, 0x10, high).add(0x100, 8, low).add(0x108, 8, middle);

    @Test
    void findsTheRegionOfAnAddressAndGivesTheOffset() {
        assertThat(bus.read(0x100, 1)).isEqualTo(0xA0);
        assertThat(bus.read(0x107, 1)).isEqualTo(0xA7);
        assertThat(bus.read(0x108, 8)).isEqualTo(0xB0);
        assertThat(bus.read(0x200C, 4)).isEqualTo(0xCC);
        bus.write(0x10C, 4, 0xFFFFFFFFL);
        assertThat(middle.writes).containsExactly("4/4=ffffffff");
        assertThat(low.writes).isEmpty();
    }

    @Test
    void nothingThereReadsAsAllOnesOfTheSizeAndTakesWrites() {
        assertThat(bus.read(0x110, 1)).isEqualTo(0xFF);
        assertThat(bus.read(0xFF, 1)).isEqualTo(0xFF);
        assertThat(bus.read(0x1000, 4)).isEqualTo(0xFFFFFFFFL);
        assertThat(bus.read(0x1000, 8)).isEqualTo(-1);
        assertThat(bus.read(-1, 8)).isEqualTo(-1);
        assertThat(bus.read(Long.MAX_VALUE, 4)).isEqualTo(0xFFFFFFFFL);
        assertThat(new Bus().read(0, 2)).isEqualTo(0xFFFF);
        bus.write(0x1000, 4, 1);
        bus.write(-8, 8, 1);
        bus.write(Long.MAX_VALUE, 8, 1);
        assertThat(low.writes).isEmpty();
        assertThat(middle.writes).isEmpty();
        assertThat(high.writes).isEmpty();
    }

    @Test
    void anAccessOverABorderIsMadeByteByByte() {
        assertThat(bus.read(0x106, 4)).isEqualTo(0xB1B0A7A6L);
        assertThat(bus.read(0x10E, 4)).isEqualTo(0xFFFFB7B6L);
        assertThat(bus.read(0xFE, 4)).isEqualTo(0xA1A0FFFFL);
        bus.write(0x107, 2, 0x1234);
        assertThat(low.writes).containsExactly("7/1=34");
        assertThat(middle.writes).containsExactly("0/1=12");
        bus.write(0x1FFE, 8, 0x8877665544332211L);
        assertThat(high.writes).containsExactly("0/1=33", "1/1=44", "2/1=55", "3/1=66", "4/1=77", "5/1=88");
    }

    @Test
    void anOddSizeIsMadeByteByByte() {
        assertThat(bus.read(0x2000, 3)).isEqualTo(0xC2C1C0);
        bus.write(0x2000, 3, 0xCCBBAA);
        assertThat(high.writes).containsExactly("0/1=aa", "1/1=bb", "2/1=cc");
        assertThat(bus.read(0x2000, 0)).isZero();
        assertThat(bus.read(0x1000, 16)).isEqualTo(-1);
    }

    @Test
    void refusesRegionsThatOverlap() {
        for (long begin : new long[] {0xFF, 0x100, 0x107, 0x10F, 0x1FFF, 0x200F}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> bus.add(begin, 2, low))
                    .withMessage("A region of 2 addresses at 0x" + Long.toHexString(begin)
                            + " overlaps one that is on the bus");
        }
        assertThatIllegalArgumentException().isThrownBy(() -> bus.add(0, 0x10000, low));
        bus.add(0xFE, 2, low).add(0x110, 0x1EF0, low);
        assertThat(bus.read(0xFE, 1)).isEqualTo(0xA0);
    }

    @Test
    void refusesWhatIsNoRange() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> bus.add(-1, 1, low))
                .withMessage("Not a region of a bus: 1 addresses at 0xffffffffffffffff");
        assertThatIllegalArgumentException().isThrownBy(() -> bus.add(1, 0, low));
        assertThatIllegalArgumentException().isThrownBy(() -> bus.add(Long.MAX_VALUE, 1, low));
    }
}
