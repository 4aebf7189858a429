package dev.supermachine.vmm;

import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * A serial port, 16550A, with nothing at its receiver's end: what a guest's console needs. What is sent is gone at once, so the transmitter is always empty. In
 * loopback mode the receiver holds one byte, with or without FIFO.
 *
 * <p>Output is handed on line by line, or when a lot has come together, or on {@link #flush()}; a vCPU waits meanwhile, so the sink should be quick. It gets a buffer
 * that is only valid during the call, and must not call back.
 */
final class Uart implements IoRegion, Stateful {

    /** How many ports it has. */
    static final int PORTS = 8;

    private static final int BATCH = 512;

    // The registers. Some have two uses, by direction or by the divisor latch bit.
    private static final int DATA = 0;
    private static final int INTERRUPT_ENABLE = 1;
    private static final int INTERRUPT_IDENTIFICATION = 2;
    private static final int FIFO_CONTROL = 2;
    private static final int LINE_CONTROL = 3;
    private static final int MODEM_CONTROL = 4;
    private static final int LINE_STATUS = 5;
    private static final int MODEM_STATUS = 6;
    private static final int SCRATCH = 7;

    private static final int DIVISOR_LATCH = 0x80;

    // Interrupt enable.
    private static final int ENABLE_RECEIVED = 0x01;
    private static final int ENABLE_EMPTY = 0x02;
    private static final int ENABLE_LINE = 0x04;
    private static final int ENABLE_MODEM = 0x08;
    private static final int ENABLE_BITS = 0x0F;

    // Interrupt identification.
    private static final int CAUSE_MODEM = 0x00;
    private static final int CAUSE_NONE = 0x01;
    private static final int CAUSE_EMPTY = 0x02;
    private static final int CAUSE_RECEIVED = 0x04;
    private static final int CAUSE_LINE = 0x06;
    private static final int FIFOS_ENABLED = 0xC0;

    // FIFO control: what matters to the receiver.
    private static final int FIFO_ENABLE = 0x01;
    private static final int FIFO_CLEAR = 0x02;

    // Line status. The transmitter is always empty.
    private static final int RECEIVED = 0x01;
    private static final int OVERRUN = 0x02;
    private static final int EMPTY = 0x60;

    // Modem control.
    private static final int READY = 0x01;
    private static final int REQUEST_TO_SEND = 0x02;
    private static final int OUT_1 = 0x04;
    private static final int OUT_2 = 0x08;
    private static final int LOOPBACK = 0x10;
    private static final int MODEM_CONTROL_BITS = 0x1F;

    // Modem status; the low half has a bit for each of the four that has changed.
    private static final int CLEAR_TO_SEND = 0x10;
    private static final int DATA_SET_READY = 0x20;
    private static final int RING = 0x40;
    private static final int CARRIER = 0x80;

    private final Consumer<ByteBuffer> sink;
    private final InterruptLine interrupt;
    private final ByteBuffer pending = ByteBuffer.allocate(BATCH);

    private int divisor = 12;
    private int interruptEnable;
    private boolean fifos;
    private int lineControl;
    private int modemControl = OUT_2;
    private int lineStatus;
    private int modemChanges;
    private int scratch;
    private int received;

    /** That the transmitter became empty and nobody asked since. */
    private boolean emptied;

    /** One as after power-on. */
    Uart(Consumer<ByteBuffer> sink, InterruptLine interrupt) {
        this.sink = sink;
        this.interrupt = interrupt;
    }

    @Override
    public synchronized long read(long offset, int size) {
        long value = 0;
        for (int i = 0; i < size && offset + i < PORTS; i++) {
            value |= (long) readByte((int) offset + i) << (8 * i);
        }
        return value;
    }

    @Override
    public synchronized void write(long offset, int size, long value) {
        for (int i = 0; i < size && offset + i < PORTS; i++) {
            writeByte((int) offset + i, (int) (value >>> (8 * i)) & 0xFF);
        }
    }

    /** Hands on what came since the last line's end. */
    synchronized void flush() {
        if (pending.position() > 0) {
            sink.accept(pending.flip());
            pending.clear();
        }
    }

    private int readByte(int register) {
        return switch (register) {
            case DATA -> latched() ? divisor & 0xFF : receive();
            case INTERRUPT_ENABLE -> latched() ? divisor >>> 8 : interruptEnable;
            case INTERRUPT_IDENTIFICATION -> identify();
            case LINE_CONTROL -> lineControl;
            case MODEM_CONTROL -> modemControl;
            case LINE_STATUS -> lineStatus();
            case MODEM_STATUS -> modemStatus();
            default -> scratch;
        };
    }

    private int receive() {
        lineStatus &= ~RECEIVED;
        return received;
    }

    private int identify() {
        int cause = cause();
        if (cause == CAUSE_EMPTY) {
            emptied = false;
        }
        return cause | (fifos ? FIFOS_ENABLED : 0);
    }

    private int lineStatus() {
        int value = lineStatus | EMPTY;
        lineStatus &= ~OVERRUN;
        return value;
    }

    private int modemStatus() {
        int value = modemLines(modemControl) | modemChanges;
        modemChanges = 0;
        return value;
    }

    private void writeByte(int register, int value) {
        boolean before = cause() != CAUSE_NONE;
        switch (register) {
            case DATA -> {
                if (latched()) {
                    divisor = (divisor & 0xFF00) | value;
                } else {
                    send(value);
                }
            }
            case INTERRUPT_ENABLE -> {
                if (latched()) {
                    divisor = (divisor & 0xFF) | (value << 8);
                } else {
                    enableInterrupts(value & ENABLE_BITS);
                }
            }
            case FIFO_CONTROL -> {
                boolean enabled = (value & FIFO_ENABLE) != 0;
                if (enabled != fifos || (value & FIFO_CLEAR) != 0) {
                    lineStatus &= ~RECEIVED;
                }
                fifos = enabled;
            }
            case LINE_CONTROL -> lineControl = value;
            case MODEM_CONTROL -> controlModem(value & MODEM_CONTROL_BITS);
            case SCRATCH -> scratch = value;
            default -> {
                // The status registers cannot be written.
            }
        }
        if (!before && cause() != CAUSE_NONE) {
            interrupt.pulse();
        }
    }

    private void enableInterrupts(int value) {
        int changed = interruptEnable ^ value;
        interruptEnable = value;
        if ((changed & ENABLE_EMPTY) != 0) {
            // Enabling it while the transmitter is empty causes an interrupt; that is how Linux starts to send.
            emptied = (value & ENABLE_EMPTY) != 0;
        }
    }

    private void send(int value) {
        if ((modemControl & LOOPBACK) != 0) {
            lineStatus |= (lineStatus & RECEIVED) != 0 ? OVERRUN : RECEIVED;
            received = value;
        } else {
            pending.put((byte) value);
            if (value == '\n' || !pending.hasRemaining()) {
                flush();
            }
        }
        emptied = true;
    }

    private void controlModem(int value) {
        int before = modemLines(modemControl);
        modemControl = value;
        int changed = before ^ modemLines(modemControl);
        // Of the ring indicator only the end counts.
        modemChanges |= ((changed & ~RING) | (changed & before & RING)) >>> 4;
    }

    private static int modemLines(int modemControl) {
        if ((modemControl & LOOPBACK) == 0) {
            return CLEAR_TO_SEND | DATA_SET_READY | CARRIER;
        }
        return ((modemControl & REQUEST_TO_SEND) != 0 ? CLEAR_TO_SEND : 0)
                | ((modemControl & READY) != 0 ? DATA_SET_READY : 0)
                | ((modemControl & OUT_1) != 0 ? RING : 0)
                | ((modemControl & OUT_2) != 0 ? CARRIER : 0);
    }

    private int cause() {
        if ((interruptEnable & ENABLE_LINE) != 0 && (lineStatus & OVERRUN) != 0) {
            return CAUSE_LINE;
        }
        if ((interruptEnable & ENABLE_RECEIVED) != 0 && (lineStatus & RECEIVED) != 0) {
            return CAUSE_RECEIVED;
        }
        if ((interruptEnable & ENABLE_EMPTY) != 0 && emptied) {
            return CAUSE_EMPTY;
        }
        if ((interruptEnable & ENABLE_MODEM) != 0 && modemChanges != 0) {
            return CAUSE_MODEM;
        }
        return CAUSE_NONE;
    }

    private boolean latched() {
        return (lineControl & DIVISOR_LATCH) != 0;
    }

    /** Hands on pending output first: it has left the machine. */
    @Override
    public synchronized void save(StateWriter out) {
        flush();
        out.putInt(divisor)
                .putByte(interruptEnable)
                .putBoolean(fifos)
                .putByte(lineControl)
                .putByte(modemControl)
                .putByte(lineStatus)
                .putByte(modemChanges)
                .putByte(scratch)
                .putByte(received)
                .putBoolean(emptied);
    }

    @Override
    public synchronized void restore(StateReader in) {
        pending.clear();
        divisor = in.getInt("a divisor", 0, 0xFFFF);
        interruptEnable = bits(in.getByte(), ENABLE_BITS);
        fifos = in.getBoolean();
        lineControl = in.getByte();
        modemControl = bits(in.getByte(), MODEM_CONTROL_BITS);
        lineStatus = bits(in.getByte(), RECEIVED | OVERRUN);
        modemChanges = bits(in.getByte(), 0x0F);
        scratch = in.getByte();
        received = in.getByte();
        emptied = in.getBoolean();
    }

    private static int bits(int value, int allowed) {
        if ((value & ~allowed) != 0) {
            throw new StateFormatException("Expected no bits beyond 0x" + Integer.toHexString(allowed)
                    + " in a register of the serial port, but found 0x" + Integer.toHexString(value));
        }
        return value;
    }
}
