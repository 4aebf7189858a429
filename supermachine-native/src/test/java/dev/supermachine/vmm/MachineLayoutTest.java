package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.supermachine.vmm.MachineLayout.Kind;
import dev.supermachine.vmm.MachineLayout.Range;
import org.junit.jupiter.api.Test;

class MachineLayoutTest {

    private static final long MIB = 1 << 20;

    @Test
    void memoryGoesUpToTheHoleAndOnBehindIt() {
        assertThat(MachineLayout.memory(256)).containsExactly(new Range(0, 256 * MIB, Kind.RAM));
        assertThat(MachineLayout.memory(3072)).containsExactly(new Range(0, 3072 * MIB, Kind.RAM));
        assertThat(MachineLayout.memory(3073))
                .containsExactly(new Range(0, 3072 * MIB, Kind.RAM), new Range(4096 * MIB, MIB, Kind.RAM));
        assertThat(MachineLayout.memory(32768)).contains(new Range(4096 * MIB, (32768 - 3072) * MIB, Kind.RAM));
    }

    @Test
    void theMapIsTheMemoryWithTheReservedPartInIt() {
        assertThat(MachineLayout.map(4096))
                .containsExactly(
                        new Range(0, 0x9FC00, Kind.RAM),
                        new Range(0x9FC00, 0x60400, Kind.RESERVED),
                        new Range(0x100000, 0xC0000000L - 0x100000, Kind.RAM),
                        new Range(0x100000000L, 1024 * MIB, Kind.RAM));
        for (int mib : new int[] {32, 512, 3072, 3073, 32768}) {
            long mapped =
                    MachineLayout.map(mib).stream().mapToLong(Range::length).sum();
            assertThat(mapped).isEqualTo(mib * MIB);
        }
    }

    @Test
    void theTablesAreInReservedMemory() {
        Range reserved = MachineLayout.map(128).get(1);
        assertThat(MachineLayout.ACPI_TABLES).isGreaterThanOrEqualTo(reserved.address());
        assertThat(MachineLayout.ACPI_TABLES + MachineLayout.ACPI_TABLES_MOST)
                .isLessThanOrEqualTo(MachineLayout.GENERATION_ID);
        assertThat(MachineLayout.GENERATION_ID + MachineLayout.PAGE).isLessThanOrEqualTo(reserved.end());
    }

    @Test
    void slotsHaveAddressesAndInterruptsOfTheirOwn() {
        assertThat(MachineLayout.virtio(0)).isEqualTo(0xD0000000L);
        assertThat(MachineLayout.virtio(17)).isEqualTo(0xD0011000L);
        assertThat(MachineLayout.virtioGsi(0)).isEqualTo(5);
        assertThat(MachineLayout.virtioGsi(17)).isEqualTo(22).isLessThan(MachineLayout.GENERATION_GSI);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MachineLayout.virtio(18))
                .withMessage("Expected a slot of 0 to 17, but got 18");
        assertThatIllegalArgumentException().isThrownBy(() -> MachineLayout.virtioGsi(-1));
    }

    @Test
    void refusesTooLittleAndTooMuch() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MachineLayout.memory(31))
                .withMessage("Expected a memory of 32 to 32768 MiB, but got 31 MiB");
        assertThatIllegalArgumentException().isThrownBy(() -> MachineLayout.map(32769));
    }
}
