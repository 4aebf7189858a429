package dev.supermachine.vmm;

import java.util.ArrayList;
import java.util.List;

/**
 * Where everything is in a guest's address spaces. Memory is at 0 up to 3 GiB, and what is more of it from 4 GiB on; the hole between them is for devices. The
 * numbers are part of every snapshot: changing one makes older snapshots useless.
 */
final class MachineLayout {

    static final long PAGE = 4096;

    /** The end of what is conventional memory on a PC. */
    static final long CONVENTIONAL_END = 0x9FC00;

    /** Where memory goes on after the first MiB, of which the upper part is reserved. */
    static final long EXTENDED = 0x100000;

    /** Where a kernel finds what it is told at its start: the start information. In conventional memory, which is free then. */
    static final long START_INFO = 0x6000;

    static final long COMMAND_LINE = 0x7000;

    /** The most bytes of a command line, without the zero at its end: {@code COMMAND_LINE_SIZE} of Linux on x86. */
    static final int COMMAND_LINE_MOST = 2047;

    /** The ACPI tables, the root pointer first; in reserved memory. Linux searches from here upwards. */
    static final long ACPI_TABLES = 0xE0000;

    static final int ACPI_TABLES_MOST = 0x10000;

    /** The 16 bytes that tell one copy of a machine from another, in a page of their own; in reserved memory. */
    static final long GENERATION_ID = 0xF0000;

    /** The end of the low part of memory, if there is more than that. */
    static final long LOW_END_MOST = 0xC0000000L;

    /** The begin of the high part of memory. */
    static final long HIGH = 0x100000000L;

    /** The first slot for a virtio device. */
    static final long VIRTIO = 0xD0000000L;

    /** The distance from slot to slot, and the size of each. */
    static final long VIRTIO_STRIDE = 0x1000;

    static final int VIRTIO_SLOTS_MOST = 18;

    static final long IO_APIC = 0xFEC00000L;
    static final long IO_APIC_LENGTH = 0x1000;

    static final long LOCAL_APIC = 0xFEE00000L;

    // Ports.

    static final int UART_PORT = 0x3F8;
    static final int POWER_PORT = 0x600;
    static final int KEYBOARD_PORT = 0x64;

    // Global system interrupts, which are pins of the I/O APIC.

    static final int UART_GSI = 4;
    static final int FIRST_VIRTIO_GSI = 5;
    static final int GENERATION_GSI = 23;

    static final int VCPUS_MOST = 8;

    static final int MEMORY_MIB_LEAST = 32;

    /** As much as the smallest of the processor models can address, with a distance. */
    static final int MEMORY_MIB_MOST = 32 << 10;

    /** The kind of a range, with the number it has in the memory map of a PC. */
    enum Kind {
        RAM(1),
        RESERVED(2);

        private final int number;

        Kind(int number) {
            this.number = number;
        }

        int number() {
            return number;
        }
    }

    /**
     * A range of guest-physical addresses.
     *
     * @param address its begin
     * @param length its length in bytes
     * @param kind what a guest may do with it
     */
    record Range(long address, long length, Kind kind) {

        long end() {
            return address + length;
        }
    }

    private MachineLayout() {}

    /**
     * The memory that the host has to provide.
     *
     * @param mib how much
     * @return one or two ranges, in ascending order
     */
    static List<Range> memory(int mib) {
        if (mib < MEMORY_MIB_LEAST || mib > MEMORY_MIB_MOST) {
            throw new IllegalArgumentException("Expected a memory of " + MEMORY_MIB_LEAST + " to " + MEMORY_MIB_MOST
                    + " MiB, but got " + mib + " MiB");
        }
        long bytes = (long) mib << 20;
        List<Range> ranges = new ArrayList<>();
        ranges.add(new Range(0, Math.min(bytes, LOW_END_MOST), Kind.RAM));
        if (bytes > LOW_END_MOST) {
            ranges.add(new Range(HIGH, bytes - LOW_END_MOST, Kind.RAM));
        }
        return ranges;
    }

    /**
     * The same memory as the guest is told of it, with what it must leave alone.
     *
     * @param mib how much
     * @return in ascending order
     */
    static List<Range> map(int mib) {
        List<Range> memory = memory(mib);
        List<Range> ranges = new ArrayList<>();
        ranges.add(new Range(0, CONVENTIONAL_END, Kind.RAM));
        ranges.add(new Range(CONVENTIONAL_END, EXTENDED - CONVENTIONAL_END, Kind.RESERVED));
        ranges.add(new Range(EXTENDED, memory.get(0).end() - EXTENDED, Kind.RAM));
        ranges.addAll(memory.subList(1, memory.size()));
        return ranges;
    }

    /** The address of a slot for a virtio device. */
    static long virtio(int slot) {
        checkSlot(slot);
        return VIRTIO + slot * VIRTIO_STRIDE;
    }

    /** The interrupt of a slot for a virtio device. */
    static int virtioGsi(int slot) {
        checkSlot(slot);
        return FIRST_VIRTIO_GSI + slot;
    }

    private static void checkSlot(int slot) {
        if (slot < 0 || slot >= VIRTIO_SLOTS_MOST) {
            throw new IllegalArgumentException(
                    "Expected a slot of 0 to " + (VIRTIO_SLOTS_MOST - 1) + ", but got " + slot);
        }
    }
}
