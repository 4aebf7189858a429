package dev.supermachine.vmm;

import java.util.function.Consumer;

/**
 * The ports by which a guest powers its machine off or resets it: the sleep and reset registers that the ACPI tables name, and the keyboard controller's reset line
 * for a kernel that has not read these tables yet. They hold no state. The listener may be called more than once, by any vCPU's thread, until that stops.
 */
final class PowerPort implements IoRegion {

    /** How many ports it has. */
    static final int PORTS = 3;

    /** Sleep control register (ACPI 6.5, section 4.8.3.7): 8 bits. */
    static final int SLEEP_CONTROL = 0;

    /** Sleep status register: 8 bits. Reads zero, as nothing ever woke. */
    static final int SLEEP_STATUS = 1;

    /** Reset register (section 4.8.3.6): 8 bits. */
    static final int RESET = 2;

    /** What is to be written into the reset register. */
    static final int RESET_VALUE = 1;

    /** The type of sleep by which the tables' {@code _S5} means power-off, 0 to 7. */
    static final int POWER_OFF_TYPE = 5;

    private static final int SLEEP_ENABLE = 0x20;
    private static final int SLEEP_TYPE_SHIFT = 2;
    private static final int SLEEP_TYPE_BITS = 7;

    private static final int KEYBOARD_PULSE_RESET = 0xFE;

    private final Consumer<EndCause> listener;

    /** Ports that tell a listener. */
    PowerPort(Consumer<EndCause> listener) {
        this.listener = listener;
    }

    @Override
    public long read(long offset, int size) {
        return 0;
    }

    @Override
    public void write(long offset, int size, long value) {
        for (int i = 0; i < size; i++) {
            writeByte(offset + i, (int) (value >>> (8 * i)) & 0xFF);
        }
    }

    private void writeByte(long offset, int value) {
        if (offset == RESET && value == RESET_VALUE) {
            listener.accept(EndCause.RESET);
        } else if (offset == SLEEP_CONTROL
                && (value & SLEEP_ENABLE) != 0
                && ((value >>> SLEEP_TYPE_SHIFT) & SLEEP_TYPE_BITS) == POWER_OFF_TYPE) {
            listener.accept(EndCause.POWER_OFF);
        }
    }

    /** The command port of a keyboard controller that can do nothing but reset, always ready for a command. */
    IoRegion keyboardController() {
        return new IoRegion() {
            @Override
            public long read(long offset, int size) {
                return 0;
            }

            @Override
            public void write(long offset, int size, long value) {
                if ((value & 0xFF) == KEYBOARD_PULSE_RESET) {
                    listener.accept(EndCause.RESET);
                }
            }
        };
    }
}
