package dev.supermachine.vmm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The tables from which a guest learns what its machine consists of (ACPI 6.5): a "hardware-reduced" one without any of a PC's fixed parts, as {@link
 * MachineLayout} has them. The bytes depend on the arguments alone.
 */
final class AcpiTables {

    private static final int HEADER = 36;
    private static final int ROOT_POINTER = 36;
    private static final int FIXED_DESCRIPTION = 276;

    private static final String OEM = "SUPERM";
    private static final String OEM_TABLE = "MACHINE ";

    // Flags of the fixed description (section 5.2.9).
    private static final int WRITE_BACK_WORKS = 1;
    private static final int NO_POWER_BUTTON = 1 << 4;
    private static final int NO_SLEEP_BUTTON = 1 << 5;
    private static final int RESET_REGISTER = 1 << 10;
    private static final int HARDWARE_REDUCED = 1 << 20;

    // IAPC_BOOT_ARCH: so Linux does not look for these; nor for a keyboard controller, whose bit is clear.
    private static final int NO_VGA = 1 << 2;
    private static final int NO_REAL_TIME_CLOCK = 1 << 5;

    private static final int NOTIFY_GENERATION = 0x80;

    private AcpiTables() {}

    /**
     * The tables, to be placed at {@link MachineLayout#ACPI_TABLES}.
     *
     * @param vcpus how many, whose local APICs have the identifiers from 0 on
     * @param virtioSlots how many slots for virtio devices; a guest passes over those that are empty
     * @param generation whether there is a {@link GenerationDevice}
     */
    static byte[] of(int vcpus, int virtioSlots, boolean generation) {
        if (vcpus < 1 || vcpus > MachineLayout.VCPUS_MOST) {
            throw new IllegalArgumentException(
                    "Expected 1 to " + MachineLayout.VCPUS_MOST + " vCPUs, but got " + vcpus);
        }
        if (virtioSlots < 0 || virtioSlots > MachineLayout.VIRTIO_SLOTS_MOST) {
            throw new IllegalArgumentException("Expected 0 to " + MachineLayout.VIRTIO_SLOTS_MOST
                    + " slots for virtio devices, but got " + virtioSlots);
        }
        ByteBuffer devices = devices(virtioSlots, generation);
        ByteBuffer interrupts = interrupts(vcpus);
        ByteBuffer all = allocate(MachineLayout.ACPI_TABLES_MOST);
        all.position(ROOT_POINTER);
        long devicesAddress = place(all, devices);
        long fixedAddress = place(all, fixedDescription(devicesAddress));
        long interruptsAddress = place(all, interrupts);
        long rootAddress = place(all, rootTable(fixedAddress, interruptsAddress));
        byte[] bytes = new byte[all.position()];
        all.put(0, rootPointer(rootAddress), 0, ROOT_POINTER);
        all.get(0, bytes);
        return bytes;
    }

    private static long place(ByteBuffer all, ByteBuffer table) {
        all.position((all.position() + 15) & ~15);
        long address = MachineLayout.ACPI_TABLES + all.position();
        all.put(table);
        return address;
    }

    /** RSDP, section 5.2.5.3. */
    private static ByteBuffer rootPointer(long rootTable) {
        ByteBuffer table = allocate(ROOT_POINTER);
        table.put(ascii("RSD PTR ")).put((byte) 0).put(ascii(OEM)).put((byte) 2);
        table.putInt(20, ROOT_POINTER);
        table.putLong(24, rootTable);
        table.put(8, complement(table, 20));
        table.put(32, complement(table, ROOT_POINTER));
        return table.rewind();
    }

    /** XSDT, section 5.2.8. */
    private static ByteBuffer rootTable(long... tables) {
        ByteBuffer table = header("XSDT", 1, HEADER + Long.BYTES * tables.length);
        for (long address : tables) {
            table.putLong(address);
        }
        return finish(table);
    }

    /** FADT, section 5.2.9. */
    private static ByteBuffer fixedDescription(long devices) {
        ByteBuffer table = header("FACP", 6, FIXED_DESCRIPTION);
        table.putShort(109, (short) (NO_VGA | NO_REAL_TIME_CLOCK));
        table.putInt(112, WRITE_BACK_WORKS | NO_POWER_BUTTON | NO_SLEEP_BUTTON | RESET_REGISTER | HARDWARE_REDUCED);
        port(table, 116, MachineLayout.POWER_PORT + PowerPort.RESET);
        table.put(128, (byte) PowerPort.RESET_VALUE);
        table.put(131, (byte) 5); // the minor version
        table.putLong(140, devices);
        port(table, 244, MachineLayout.POWER_PORT + PowerPort.SLEEP_CONTROL);
        port(table, 256, MachineLayout.POWER_PORT + PowerPort.SLEEP_STATUS);
        return finish(table);
    }

    /** A generic address (section 5.2.3.2) of a register of 8 bits in the space of ports. */
    private static void port(ByteBuffer table, int offset, int port) {
        table.put(offset, (byte) 1).put(offset + 1, (byte) 8).put(offset + 3, (byte) 1);
        table.putLong(offset + 4, port);
    }

    /** MADT, section 5.2.12. */
    private static ByteBuffer interrupts(int vcpus) {
        ByteBuffer table = header("APIC", 5, HEADER + 8 + 12 + 8 * vcpus);
        table.putInt((int) MachineLayout.LOCAL_APIC).putInt(0);
        table.put((byte) 1).put((byte) 12).putShort((short) 0);
        table.putInt((int) MachineLayout.IO_APIC).putInt(0);
        for (int i = 0; i < vcpus; i++) {
            table.put((byte) 0).put((byte) 8).put((byte) i).put((byte) i).putInt(1);
        }
        return finish(table);
    }

    /** DSDT, section 5.2.11.1. */
    private static ByteBuffer devices(int virtioSlots, boolean generation) {
        List<byte[]> devices = new ArrayList<>();
        devices.add(Aml.device(
                "COM1",
                Aml.named("_HID", Aml.eisaId("PNP0501")),
                Aml.named("_UID", Aml.integer(0)),
                Aml.named(
                        "_CRS",
                        Aml.resources(
                                Aml.ports(MachineLayout.UART_PORT, Uart.PORTS),
                                Aml.interrupt(MachineLayout.UART_GSI)))));
        for (int slot = 0; slot < virtioSlots; slot++) {
            devices.add(Aml.device(
                    String.format("V%03d", slot),
                    Aml.named("_HID", Aml.string("LNRO0005")),
                    Aml.named("_UID", Aml.integer(slot)),
                    Aml.named("_CCA", Aml.integer(1)),
                    Aml.named(
                            "_CRS",
                            Aml.resources(
                                    Aml.memory32(MachineLayout.virtio(slot), MachineLayout.VIRTIO_STRIDE),
                                    Aml.interrupt(MachineLayout.virtioGsi(slot))))));
        }
        if (generation) {
            devices.add(generationId());
            devices.add(generationEvent());
        }
        // Sleep type 5 of the sleep control register; the other three of the four numbers have no meaning here.
        byte[] powerOff = Aml.named(
                "_S5_",
                Aml.packageOf(Aml.integer(PowerPort.POWER_OFF_TYPE), Aml.integer(0), Aml.integer(0), Aml.integer(0)));
        byte[] body = Aml.join(Aml.scope("_SB_", devices.toArray(new byte[0][])), powerOff);
        // Revision 2: numbers have 64 bits.
        return finish(header("DSDT", 2, HEADER + body.length).put(body));
    }

    /** As in Microsoft's "Virtual Machine Generation ID", with the hardware identifier that Linux' driver looks for. */
    private static byte[] generationId() {
        return Aml.device(
                "VGEN",
                Aml.named("_HID", Aml.string("VMGENCTR")),
                Aml.named("_CID", Aml.string("VM_Gen_Counter")),
                Aml.named("_DDN", Aml.string("VM_Gen_Counter")),
                Aml.named(
                        "ADDR",
                        Aml.packageOf(
                                Aml.integer(MachineLayout.GENERATION_ID & 0xFFFFFFFFL),
                                Aml.integer(MachineLayout.GENERATION_ID >>> 32))));
    }

    /** A generic event device, section 5.6.9. */
    private static byte[] generationEvent() {
        return Aml.device(
                "GED_",
                Aml.named("_HID", Aml.string("ACPI0013")),
                Aml.named("_UID", Aml.integer(0)),
                Aml.named("_CRS", Aml.resources(Aml.interrupt(MachineLayout.GENERATION_GSI))),
                Aml.method(
                        "_EVT",
                        1,
                        Aml.ifFirstArgumentIs(MachineLayout.GENERATION_GSI, Aml.notify("VGEN", NOTIFY_GENERATION))));
    }

    /** Section 5.2.6. */
    private static ByteBuffer header(String signature, int revision, int length) {
        ByteBuffer table = allocate(length);
        table.put(ascii(signature)).putInt(length).put((byte) revision).put((byte) 0);
        table.put(ascii(OEM)).put(ascii(OEM_TABLE)).putInt(1);
        return table.put(ascii(OEM), 0, 4).putInt(1);
    }

    private static ByteBuffer finish(ByteBuffer table) {
        table.put(9, complement(table, table.capacity()));
        return table.rewind();
    }

    /** What makes the sum of the first bytes zero. */
    private static byte complement(ByteBuffer bytes, int count) {
        byte sum = 0;
        for (int i = 0; i < count; i++) {
            sum += bytes.get(i);
        }
        return (byte) -sum;
    }

    private static ByteBuffer allocate(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
