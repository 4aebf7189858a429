package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class IoApicTest {

    private final List<String> sent = new ArrayList<>();
    private final IoApic ioApic =
            new IoApic((address, data) -> sent.add(Long.toHexString(address) + ":" + Integer.toHexString(data)));

    private long get(int register) {
        ioApic.write(0, 4, register);
        return ioApic.read(0x10, 4);
    }

    private void set(int register, long value) {
        ioApic.write(0, 4, register);
        ioApic.write(0x10, 4, value);
    }

    private void program(int pin, int high, int low) {
        set(0x11 + 2 * pin, Integer.toUnsignedLong(high));
        set(0x10 + 2 * pin, Integer.toUnsignedLong(low));
    }

    @Test
    void identifiesItselfWithTwentyFourPins() {
        assertThat(get(1)).isEqualTo(0x00170011);
        assertThat(get(0)).isZero();
        set(0, 0xFFFFFFFFL);
        assertThat(get(0)).isEqualTo(0x0F000000);
        assertThat(get(2)).isEqualTo(0x0F000000);
        set(1, 0);
        assertThat(get(1)).isEqualTo(0x00170011);
    }

    @Test
    void allPinsAreMaskedAtFirst() {
        for (int pin = 0; pin < 24; pin++) {
            assertThat(get(0x10 + 2 * pin)).isEqualTo(0x10000);
            assertThat(get(0x11 + 2 * pin)).isZero();
            ioApic.line(pin).pulse();
        }
        assertThat(sent).isEmpty();
    }

    @Test
    void anEdgeBecomesAMessageWithTheEntrysDestinationAndVector() {
        program(4, 0x02000000, 0x31);
        ioApic.line(4).pulse();
        assertThat(sent).containsExactly("fee02000:31");
        program(23, 0xFF000000, 0x9E1); // logical, lowest priority
        ioApic.line(23).pulse();
        assertThat(sent).containsExactly("fee02000:31", "feeff004:1e1");
    }

    @Test
    void readOnlyBitsStayClear() {
        program(7, -1, -1);
        assertThat(get(0x10 + 14)).isEqualTo(0x1AFFF);
        assertThat(get(0x11 + 14)).isEqualTo(0xFF000000L);
    }

    @Test
    void anEdgeOnAMaskedPinIsLost() {
        program(5, 0, 0x10041);
        ioApic.line(5).pulse();
        program(5, 0, 0x41);
        assertThat(sent).isEmpty();
        ioApic.line(5).pulse();
        assertThat(sent).containsExactly("fee00000:41");
    }

    @Test
    void aLevelTriggeredEntryIsDeliveredAsAnEdgeEachTime() {
        program(6, 0, 0x8042);
        ioApic.line(6).pulse();
        ioApic.line(6).pulse();
        assertThat(sent).containsExactly("fee00000:42", "fee00000:42");
        assertThat(get(0x10 + 12)).as("remote IRR").isEqualTo(0x8042);
    }

    @Test
    void whatNoLocalApicTakesIsNotSent() {
        program(1, 0, 0x0F); // a reserved vector
        ioApic.line(1).pulse();
        program(1, 0, 0x330); // a reserved delivery mode
        ioApic.line(1).pulse();
        program(1, 0, 0x730); // of a PIC
        ioApic.line(1).pulse();
        assertThat(sent).isEmpty();
        program(1, 0, 0x400); // NMI, which has no vector
        ioApic.line(1).pulse();
        assertThat(sent).containsExactly("fee00000:400");
    }

    @Test
    void registersAndOffsetsThatDoNotExistReadAsZero() {
        assertThat(get(0x0F)).isZero();
        assertThat(get(0x40)).isZero();
        assertThat(get(0xFF)).isZero();
        set(0x40, -1);
        assertThat(ioApic.read(0x20, 4)).isZero();
        assertThat(ioApic.read(0x40, 4)).isZero();
        ioApic.write(0x40, 4, 0x31);
        ioApic.write(0, 4, 0x110);
        assertThat(ioApic.read(0, 4)).as("the select register has 8 bits").isEqualTo(0x10);
        ioApic.write(0x10, 2, 0x31);
        assertThat(ioApic.read(0x10, 4)).as("the window is written as a whole").isEqualTo(0x10000);
    }

    @Test
    void refusesAPinItDoesNotHave() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ioApic.line(24))
                .withMessage("Expected a pin of 0 to 23, but got 24");
        assertThatIllegalArgumentException().isThrownBy(() -> ioApic.line(-1));
    }

    @Test
    void aRestoredOneIsTheSame() {
        program(4, 0x03000000, 0x31);
        set(0, 0x02000000);
        byte[] state = SavedBytes.of(ioApic);
        IoApic other = new IoApic((address, data) -> sent.add("other:" + Long.toHexString(address)));
        other.restore(new StateReader(state));
        assertThat(SavedBytes.of(other)).isEqualTo(state);
        other.line(4).pulse();
        assertThat(sent).containsExactly("other:fee03000");
    }

    @Test
    void refusesAStateThatCannotBe() {
        byte[] state = SavedBytes.of(ioApic);
        state[9 + 2] = 0x40; // an undefined bit of the first entry, after the selector and the ID
        assertThatThrownBy(() -> ioApic.restore(new StateReader(state)))
                .isInstanceOf(StateFormatException.class)
                .hasMessage(
                        "Expected no bits beyond 0xff0000000001afff in a register of the I/O APIC, but found 0x400000");
        assertThatThrownBy(() -> ioApic.restore(new StateReader(new byte[40])))
                .isInstanceOf(StateFormatException.class);
    }
}
