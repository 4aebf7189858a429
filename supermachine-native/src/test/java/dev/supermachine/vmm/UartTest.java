package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The steps are those of Linux' driver, drivers/tty/serial/8250/8250_port.c. */
class UartTest {

    private static final int IER = 1;
    private static final int IIR = 2;
    private static final int FCR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int SCR = 7;

    private final List<String> output = new ArrayList<>();
    private int interrupts;
    private final Uart uart = new Uart(this::take, () -> interrupts++);

    private void take(ByteBuffer bytes) {
        output.add(StandardCharsets.US_ASCII.decode(bytes).toString());
    }

    private void send(String text) {
        for (byte value : text.getBytes(StandardCharsets.US_ASCII)) {
            assertThat(uart.read(LSR, 1)).isEqualTo(0x60);
            uart.write(0, 1, value);
        }
    }

    @Test
    void handsOnOutputLineByLine() {
        send("one\r\ntw");
        assertThat(output).containsExactly("one\r\n");
        send("o\n# ");
        assertThat(output).containsExactly("one\r\n", "two\n");
        uart.flush();
        uart.flush();
        assertThat(output).containsExactly("one\r\n", "two\n", "# ");
    }

    @Test
    void handsOnALongLineInParts() {
        send("x".repeat(1100));
        assertThat(output).hasSize(2).allMatch(part -> part.equals("x".repeat(512)));
        uart.flush();
        assertThat(String.join("", output)).isEqualTo("x".repeat(1100));
    }

    @Test
    void isFoundByLinuxAsA16550A() {
        uart.write(IER, 1, 0);
        assertThat(uart.read(IER, 1)).isZero();
        uart.write(IER, 1, 0xFF);
        assertThat(uart.read(IER, 1)).isEqualTo(0x0F);
        uart.write(IER, 1, 0);
        uart.write(MCR, 1, 0x1A);
        assertThat(uart.read(MSR, 1) & 0xF0).as("modem lines in loopback").isEqualTo(0x90);
        uart.write(MCR, 1, 0x08);
        uart.write(LCR, 1, 0);
        uart.write(FCR, 1, 1);
        assertThat(uart.read(IIR, 1) >>> 6).as("FIFOs").isEqualTo(3);
        uart.write(LCR, 1, 0x80);
        assertThat(uart.read(IIR, 1)).as("no extended features").isNotZero();
        uart.write(FCR, 1, 0x21);
        assertThat(uart.read(IIR, 1) >>> 5).as("not a 16750").isEqualTo(6);
        uart.write(LCR, 1, 0);
        uart.write(FCR, 1, 0);
        assertThat(uart.read(IIR, 1)).isEqualTo(1);
    }

    @Test
    void theDivisorIsBehindItsLatch() {
        uart.write(LCR, 1, 0x83);
        uart.write(0, 2, 0x0102);
        assertThat(uart.read(0, 2)).isEqualTo(0x0102);
        uart.write(LCR, 1, 0x03);
        assertThat(uart.read(LCR, 1)).isEqualTo(3);
        assertThat(uart.read(0, 1)).isZero();
        assertThat(uart.read(IER, 1)).isZero();
        uart.flush();
        assertThat(output).isEmpty();
    }

    @Test
    void anEmptyTransmitterInterruptsWhenThatIsEnabledAndAfterEachTime() {
        uart.write(IER, 1, 2);
        assertThat(interrupts).isEqualTo(1);
        assertThat(uart.read(IIR, 1)).isEqualTo(2);
        assertThat(uart.read(IIR, 1)).as("asking acknowledges").isEqualTo(1);
        uart.write(0, 1, 'a');
        uart.write(0, 1, 'b');
        assertThat(interrupts).as("once until it is acknowledged").isEqualTo(2);
        assertThat(uart.read(IIR, 1)).isEqualTo(2);
        uart.write(IER, 1, 0);
        assertThat(uart.read(IIR, 1)).isEqualTo(1);
        uart.write(IER, 1, 2);
        assertThat(uart.read(IIR, 1)).as("enabling asks again").isEqualTo(2);
        assertThat(interrupts).isEqualTo(3);
        uart.write(IER, 1, 2);
        assertThat(uart.read(IIR, 1)).isEqualTo(1);
        assertThat(interrupts).isEqualTo(3);
    }

    @Test
    void inLoopbackTheReceiverGetsWhatIsSent() {
        uart.write(MCR, 1, 0x10);
        uart.write(IER, 1, 5);
        uart.write(0, 1, 'a');
        assertThat(interrupts).isEqualTo(1);
        assertThat(uart.read(IIR, 1)).isEqualTo(4);
        uart.write(0, 1, 'b');
        assertThat(uart.read(IIR, 1)).as("line status comes first").isEqualTo(6);
        assertThat(uart.read(LSR, 1)).isEqualTo(0x63);
        assertThat(uart.read(LSR, 1)).isEqualTo(0x61);
        assertThat(uart.read(0, 1)).isEqualTo('b');
        assertThat(uart.read(LSR, 1)).isEqualTo(0x60);
        assertThat(uart.read(IIR, 1)).isEqualTo(1);
        uart.write(0, 1, 'c');
        uart.write(FCR, 1, 3);
        assertThat(uart.read(LSR, 1)).as("the FIFO was cleared").isEqualTo(0x60);
        uart.flush();
        assertThat(output).isEmpty();
    }

    @Test
    void changesOfModemLinesAreToldOnce() {
        assertThat(uart.read(MSR, 1)).isEqualTo(0xB0);
        uart.write(IER, 1, 8);
        uart.write(MCR, 1, 0x1F);
        assertThat(interrupts).as("the begin of ringing does not count").isZero();
        assertThat(uart.read(MSR, 1)).isEqualTo(0xF0);
        uart.write(MCR, 1, 0x10);
        assertThat(interrupts).isEqualTo(1);
        assertThat(uart.read(IIR, 1)).isZero();
        assertThat(uart.read(MSR, 1)).isEqualTo(0x0F);
        assertThat(uart.read(MSR, 1)).isZero();
        assertThat(uart.read(IIR, 1)).isEqualTo(1);
        assertThat(uart.read(MCR, 1)).isEqualTo(0x10);
    }

    @Test
    void wideAccessesAreThoseOfTheirBytes() {
        uart.write(SCR, 4, 0xFFFFFF5A);
        assertThat(uart.read(SCR, 8)).isEqualTo(0x5A);
        assertThat(uart.read(LCR, 4)).isEqualTo(0xB0600800L);
        uart.write(LSR, 2, 0xFFFF);
        assertThat(uart.read(LSR, 2)).isEqualTo(0xB060);
    }

    @Test
    void aRestoredOneIsTheSameAndForgetsOutputOfItsOwn() {
        uart.write(IER, 1, 2);
        uart.write(SCR, 1, 0x77);
        uart.write(MCR, 1, 0x1B);
        byte[] state = SavedBytes.of(uart);
        Uart other = new Uart(this::take, () -> {});
        other.write(0, 1, 'x');
        other.restore(new StateReader(state));
        assertThat(SavedBytes.of(other)).isEqualTo(state);
        assertThat(other.read(IIR, 1)).isEqualTo(2);
        assertThat(other.read(SCR, 1)).isEqualTo(0x77);
        assertThat(other.read(MSR, 1)).isEqualTo(uart.read(MSR, 1));
        assertThat(output).isEmpty();
    }

    @Test
    void whatIsNotYetHandedOnIsBeforeTheStateIsSaved() {
        send("tail");
        SavedBytes.of(uart);
        assertThat(output).containsExactly("tail");
    }

    @Test
    void refusesAStateThatCannotBe() {
        byte[] state = SavedBytes.of(uart);
        state[4] = 0x10;
        assertThatThrownBy(() -> uart.restore(new StateReader(state)))
                .isInstanceOf(StateFormatException.class)
                .hasMessage("Expected no bits beyond 0xf in a register of the serial port, but found 0x10");
        state[4] = 0;
        state[2] = 1;
        assertThatThrownBy(() -> uart.restore(new StateReader(state)))
                .isInstanceOf(StateFormatException.class)
                .hasMessageStartingWith("Expected a divisor of 0 to 65535");
    }
}
