package dev.supermachine.vmm;

import java.util.Arrays;

/**
 * The I/O APIC (Intel 82093AA) of a machine whose local APICs are in the kernel. All interrupt lines of this machine are edges, and its tables say so; an entry that
 * a guest programs as level-triggered nevertheless is delivered as an edge, its remote IRR never set. So nothing waits for an end-of-interrupt message, which the
 * kernel would not send either, as it knows nothing of these pins.
 *
 * <p>An edge on a masked pin is lost, as on the hardware. Linux counts on no more: it masks a pin only after an interrupt came while it was disabled, which it
 * remembers and repeats itself, and moves an interrupt to another CPU (mask, change, unmask) before it runs the handler, which then sees what the lost edge told of.
 */
final class IoApic implements IoRegion, Stateful {

    /** How many lines it has. */
    static final int PINS = 24;

    private static final int SELECT = 0x00;
    private static final int WINDOW = 0x10;

    private static final int ID = 0;
    private static final int VERSION = 1;
    private static final int ARBITRATION = 2;
    private static final int REDIRECTION = 0x10;

    /** Version 11h has no EOI register. */
    private static final long VERSION_VALUE = ((PINS - 1) << 16) | 0x11;

    private static final long ID_BITS = 0x0F000000;

    private static final long MASKED = 1 << 16;

    /** Vector, delivery mode, destination mode, polarity, trigger mode, mask; and in the upper half the destination. */
    private static final long ENTRY_BITS = 0xFF000000_0001AFFFL;

    private static final int FIXED = 0;
    private static final int LOWEST_PRIORITY = 1;
    private static final int FIRST_VECTOR = 16;

    /** SMI, NMI and INIT; the other two are reserved, and the last is for a PIC, of which there is none. */
    private static final int WITHOUT_VECTOR = (1 << 2) | (1 << 4) | (1 << 5);

    private final MsiSink sink;
    private final long[] entries = new long[PINS];
    private int select;
    private long id;

    /** One as after power-on: all pins are masked. */
    IoApic(MsiSink sink) {
        this.sink = sink;
        Arrays.fill(entries, MASKED);
    }

    /**
     * A line into a pin.
     *
     * @param gsi the pin, which is the global system interrupt, 0 to 23
     */
    InterruptLine line(int gsi) {
        if (gsi < 0 || gsi >= PINS) {
            throw new IllegalArgumentException("Expected a pin of 0 to " + (PINS - 1) + ", but got " + gsi);
        }
        return () -> pulse(gsi);
    }

    private void pulse(int gsi) {
        long entry;
        synchronized (this) {
            entry = entries[gsi];
        }
        if ((entry & MASKED) != 0) {
            return;
        }
        int vector = (int) entry & 0xFF;
        int delivery = (int) (entry >>> 8) & 7;
        boolean usesVector = delivery == FIXED || delivery == LOWEST_PRIORITY;
        boolean valid = usesVector ? vector >= FIRST_VECTOR : ((WITHOUT_VECTOR >>> delivery) & 1) != 0;
        if (valid) {
            long destination = entry >>> 56;
            long logical = (entry >>> 11) & 1;
            sink.send(0xFEE00000L | (destination << 12) | (logical << 2), (delivery << 8) | vector);
        }
    }

    @Override
    public synchronized long read(long offset, int size) {
        if (offset == SELECT) {
            return select;
        }
        if (offset != WINDOW) {
            return 0;
        }
        return switch (select) {
            case ID, ARBITRATION -> id;
            case VERSION -> VERSION_VALUE;
            default -> {
                int index = select - REDIRECTION;
                yield index < 0 || index >= 2 * PINS ? 0 : (entries[index / 2] >>> (32 * (index % 2))) & 0xFFFFFFFFL;
            }
        };
    }

    @Override
    public synchronized void write(long offset, int size, long value) {
        if (offset == SELECT) {
            select = (int) value & 0xFF;
        } else if (offset == WINDOW && size >= 4) {
            int index = select - REDIRECTION;
            if (select == ID) {
                id = value & ID_BITS;
            } else if (index >= 0 && index < 2 * PINS) {
                int shift = 32 * (index % 2);
                long kept = entries[index / 2] & ~(0xFFFFFFFFL << shift);
                entries[index / 2] = (kept | ((value & 0xFFFFFFFFL) << shift)) & ENTRY_BITS;
            }
        }
    }

    @Override
    public synchronized void save(StateWriter out) {
        out.putByte(select).putLong(id);
        for (long entry : entries) {
            out.putLong(entry);
        }
    }

    @Override
    public synchronized void restore(StateReader in) {
        select = in.getByte();
        id = bits(in.getLong(), ID_BITS);
        for (int i = 0; i < PINS; i++) {
            entries[i] = bits(in.getLong(), ENTRY_BITS);
        }
    }

    private static long bits(long value, long allowed) {
        if ((value & ~allowed) != 0) {
            throw new StateFormatException("Expected no bits beyond 0x" + Long.toHexString(allowed)
                    + " in a register of the I/O APIC, but found 0x" + Long.toHexString(value));
        }
        return value;
    }
}
