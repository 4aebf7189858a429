package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Finds the tables as a guest does, from the root pointer on. */
class AcpiTablesTest {

    private static ByteBuffer read(byte[] tables, long address, int length) {
        return ByteBuffer.wrap(tables)
                .slice((int) (address - MachineLayout.ACPI_TABLES), length)
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    private static String text(ByteBuffer table, int offset, int length) {
        byte[] bytes = new byte[length];
        table.get(offset, bytes);
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    private static int sum(ByteBuffer table, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += table.get(i);
        }
        return sum & 0xFF;
    }

    private static ByteBuffer table(byte[] tables, long address, String signature) {
        int length = read(tables, address, 36).getInt(4);
        ByteBuffer table = read(tables, address, length);
        assertThat(text(table, 0, 4)).isEqualTo(signature);
        assertThat(sum(table, length)).as("the checksum of " + signature).isZero();
        assertThat(address % 16).isZero();
        return table;
    }

    private static ByteBuffer rootTable(byte[] tables) {
        ByteBuffer pointer = read(tables, MachineLayout.ACPI_TABLES, 36);
        assertThat(text(pointer, 0, 8)).isEqualTo("RSD PTR ");
        assertThat(sum(pointer, 20)).isZero();
        assertThat(sum(pointer, 36)).isZero();
        assertThat(pointer.get(15)).isEqualTo((byte) 2);
        assertThat(pointer.getInt(20)).isEqualTo(36);
        ByteBuffer root = table(tables, pointer.getLong(24), "XSDT");
        assertThat(root.capacity()).isEqualTo(36 + 2 * 8);
        return root;
    }

    private static ByteBuffer fixed(byte[] tables) {
        return table(tables, rootTable(tables).getLong(36), "FACP");
    }

    private static String devices(byte[] tables) {
        ByteBuffer table = table(tables, fixed(tables).getLong(140), "DSDT");
        assertThat(table.get(8)).as("numbers of 64 bits").isEqualTo((byte) 2);
        return AmlText.of(table.position(36));
    }

    @Test
    void theFixedDescriptionIsOfReducedHardwareThatCanBeResetAndPoweredOff() {
        ByteBuffer fixed = fixed(AcpiTables.of(1, 3, true));
        assertThat(fixed.capacity()).isEqualTo(276);
        assertThat(fixed.get(8)).isEqualTo((byte) 6);
        assertThat(fixed.get(131)).isEqualTo((byte) 5);
        assertThat(fixed.getShort(109)).as("no VGA, no CMOS clock, no 8042").isEqualTo((short) 0x24);
        assertThat(fixed.getInt(112)).isEqualTo(0x00100431);
        // Port, 8 bits, at bit 0, accessed by bytes.
        assertThat(fixed.getInt(116)).isEqualTo(0x01000801);
        assertThat(fixed.getLong(120)).isEqualTo(0x602);
        assertThat(fixed.get(128)).isEqualTo((byte) 1);
        assertThat(fixed.getInt(244)).isEqualTo(0x01000801);
        assertThat(fixed.getLong(248)).isEqualTo(0x600);
        assertThat(fixed.getInt(256)).isEqualTo(0x01000801);
        assertThat(fixed.getLong(260)).isEqualTo(0x601);
        assertThat(fixed.getInt(40)).isZero();
        assertThat(text(fixed, 10, 14)).isEqualTo("SUPERMMACHINE ");
    }

    @Test
    void everyProcessorHasALocalApic() {
        for (int vcpus = 1; vcpus <= 8; vcpus++) {
            byte[] tables = AcpiTables.of(vcpus, 3, false);
            ByteBuffer interrupts = table(tables, rootTable(tables).getLong(44), "APIC");
            assertThat(interrupts.capacity()).isEqualTo(44 + 12 + 8 * vcpus);
            assertThat(interrupts.getInt(36)).isEqualTo(0xFEE00000);
            assertThat(interrupts.getInt(40)).as("no PIC").isZero();
            assertThat(interrupts.getShort(44)).as("I/O APIC").isEqualTo((short) 0x0C01);
            assertThat(interrupts.getInt(48)).isEqualTo(0xFEC00000);
            assertThat(interrupts.getInt(52)).isZero();
            for (int i = 0; i < vcpus; i++) {
                int at = 56 + 8 * i;
                assertThat(interrupts.getShort(at)).isEqualTo((short) 0x0800);
                assertThat(interrupts.get(at + 2)).isEqualTo((byte) i);
                assertThat(interrupts.get(at + 3)).isEqualTo((byte) i);
                assertThat(interrupts.getInt(at + 4)).as("enabled").isEqualTo(1);
            }
        }
    }

    @Test
    void theDevicesAreDescribed() {
        assertThat(devices(AcpiTables.of(1, 2, true))).isEqualTo("""
                        Scope(_SB_){
                        Device(COM1){
                        Name(_HID,0x105d041)
                        Name(_UID,0)
                        Name(_CRS,Resources{Ports(0x3f8,align 1,8)Edge(4)})
                        }
                        Device(V000){
                        Name(_HID,"LNRO0005")
                        Name(_UID,0)
                        Name(_CCA,1)
                        Name(_CRS,Resources{Memory(0xd0000000,0x1000)Edge(5)})
                        }
                        Device(V001){
                        Name(_HID,"LNRO0005")
                        Name(_UID,1)
                        Name(_CCA,1)
                        Name(_CRS,Resources{Memory(0xd0001000,0x1000)Edge(6)})
                        }
                        Device(VGEN){
                        Name(_HID,"VMGENCTR")
                        Name(_CID,"VM_Gen_Counter")
                        Name(_DDN,"VM_Gen_Counter")
                        Name(ADDR,Package{0xf0000,0})
                        }
                        Device(GED_){
                        Name(_HID,"ACPI0013")
                        Name(_UID,0)
                        Name(_CRS,Resources{Edge(23)})
                        Method(_EVT,1,Serialized){
                        If(Arg0==23){
                        Notify(VGEN,128)
                        }
                        }
                        }
                        }
                        Name(_S5_,Package{5,0,0,0})
                        """);
    }

    @Test
    void theGenerationDeviceIsOptional() {
        assertThat(devices(AcpiTables.of(1, 1, false))).contains("V000").doesNotContain("VGEN", "GED_");
    }

    @Test
    void theMostDevicesFitWithInterruptsOfTheirOwn() {
        byte[] tables = AcpiTables.of(8, 18, true);
        assertThat(tables.length).isLessThan(MachineLayout.ACPI_TABLES_MOST);
        String devices = devices(tables);
        for (int gsi = 4; gsi <= 23; gsi++) {
            assertThat(devices).containsOnlyOnce("Edge(" + gsi + ")");
        }
        assertThat(devices).contains("Device(V017)", "Memory(0xd0011000,0x1000)");
    }

    @Test
    void theSameMachineHasTheSameBytes() {
        assertThat(AcpiTables.of(2, 5, true)).isEqualTo(AcpiTables.of(2, 5, true));
    }

    @Test
    void refusesWhatTheMachineCannotHave() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AcpiTables.of(9, 1, true))
                .withMessage("Expected 1 to 8 vCPUs, but got 9");
        assertThatIllegalArgumentException().isThrownBy(() -> AcpiTables.of(0, 1, true));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AcpiTables.of(1, 19, true))
                .withMessage("Expected 0 to 18 slots for virtio devices, but got 19");
    }
}
