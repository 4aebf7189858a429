package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class GenerationDeviceTest {

    private final GuestMemory memory =
            new GuestMemory(List.of(new GuestMemory.Part(0, ByteBuffer.allocateDirect(1 << 20))));
    private int interrupts;
    private final GenerationDevice device = new GenerationDevice(memory, () -> interrupts++);

    @Test
    void aNewIdentifierIsInMemoryBeforeTheGuestIsTold() {
        device.place(bytes(1));
        assertThat(memory.getLong(MachineLayout.GENERATION_ID)).isEqualTo(0x0101010101010101L);
        assertThat(interrupts).isZero();
        device.renew(bytes(2));
        assertThat(memory.getLong(MachineLayout.GENERATION_ID + 8)).isEqualTo(0x0202020202020202L);
        assertThat(memory.getLong(MachineLayout.GENERATION_ID + 16)).isZero();
        assertThat(interrupts).isEqualTo(1);
    }

    @Test
    void refusesAnotherLength() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> device.renew(new byte[15]))
                .withMessage("Expected a generation identifier of 16 bytes, but got 15");
        assertThat(interrupts).isZero();
    }

    private static byte[] bytes(int value) {
        byte[] bytes = new byte[16];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }
}
