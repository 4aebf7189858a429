package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class AmlTest {

    private static String hex(byte[] bytes) {
        return HexFormat.of().withUpperCase().formatHex(bytes);
    }

    @Test
    void numbersTakeTheShortestForm() {
        assertThat(hex(Aml.integer(0))).isEqualTo("00");
        assertThat(hex(Aml.integer(1))).isEqualTo("01");
        assertThat(hex(Aml.integer(2))).isEqualTo("0A02");
        assertThat(hex(Aml.integer(0xFF))).isEqualTo("0AFF");
        assertThat(hex(Aml.integer(0x100))).isEqualTo("0B0001");
        assertThat(hex(Aml.integer(0x10000))).isEqualTo("0C00000100");
        assertThat(hex(Aml.integer(0x1_00000000L))).isEqualTo("0E0000000001000000");
        assertThat(hex(Aml.integer(-1))).isEqualTo("0EFFFFFFFFFFFFFFFF");
    }

    @Test
    void theIdentifierOfASerialPortIsCompressed() {
        assertThat(hex(Aml.eisaId("PNP0501"))).isEqualTo("0C41D00501");
    }

    @Test
    void aVirtioDevicesNodeIsWhatTheCompilerMakesOfIt() {
        byte[] node = Aml.device(
                "V000",
                Aml.named("_HID", Aml.string("LNRO0005")),
                Aml.named("_CCA", Aml.integer(1)),
                Aml.named("_CRS", Aml.resources(Aml.memory32(0xD0000000L, 0x1000), Aml.interrupt(5))));
        assertThat(hex(node))
                .isEqualTo("5B823A" + "56303030" + "085F4849440D4C4E524F3030303500" + "085F43434101"
                        + "085F435253111A0A17" + "860900010000" + "00D000100000" + "89060003010500" + "00007900");
    }

    @Test
    void lengthsCountThemselvesWhereTheyGrow() {
        // A name segment and a name with a text: 4 + 5 + 1 + text + 1 bytes, and the length itself.
        for (int text : new int[] {0, 50, 51, 52, 53, 4081, 4082, 4083, 4084, 5000, 1_048_563, 1_048_564, 1_048_600}) {
            byte[] scope = Aml.scope("_SB_", Aml.named("TEXT", Aml.string("x".repeat(text))));
            assertThat(AmlText.of(ByteBuffer.wrap(scope)))
                    .as("%s characters", text)
                    .isEqualTo("Scope(_SB_){\nName(TEXT,\"" + "x".repeat(text) + "\")\n}\n");
        }
        assertThat(Aml.scope("_SB_", new byte[58])[1]).isEqualTo((byte) 63);
        assertThat(Aml.scope("_SB_", new byte[59])[1]).isEqualTo((byte) 0x41);
    }

    @Test
    void aNameHasFourCharacters() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Aml.named("_S5", Aml.integer(0)))
                .withMessage("Not a name segment: _S5");
        assertThatIllegalArgumentException().isThrownBy(() -> Aml.device("0ABC"));
    }
}
