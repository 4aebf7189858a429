package dev.supermachine.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.jna.Pointer;
import org.junit.jupiter.api.Test;

class NativeBlockTest {

    @Test
    void isZeroAlignedLittleEndianAndWhereItSays() {
        for (int size : new int[] {1, 63, 64, 65, 4096, 10_001}) {
            NativeBlock block = new NativeBlock(size);
            assertThat(block.size()).isEqualTo(size);
            assertThat(block.address() % 64).isZero();
            assertThat(block.copy(0, size)).containsOnly(0);
            block.bytes().put(size - 1, (byte) 7);
            assertThat(new Pointer(block.address(size - 1)).getByte(0)).isEqualTo((byte) 7);
        }
        NativeBlock block = new NativeBlock(8);
        block.bytes().putInt(4, 0x01020304);
        assertThat(block.copy(4, 4)).containsExactly(4, 3, 2, 1);
    }

    @Test
    void refusesAddressesOutsideAndNoSize() {
        NativeBlock block = new NativeBlock(8);
        assertThat(block.address(8)).isEqualTo(block.address() + 8);
        assertThatThrownBy(() -> block.address(9))
                .isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessage("Offset 9 in a block of 8 bytes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new NativeBlock(0))
                .withMessage("A block of 0 bytes");
    }
}
