package dev.supermachine.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class AgentBinaryTest {

    private static final int ET_EXEC = 2;
    private static final int EM_X86_64 = 62;
    private static final int PT_INTERP = 3;

    @Test
    void carriesTheProgramItsHashNames() throws NoSuchAlgorithmException {
        byte[] program = AgentBinary.load();

        assertThat(AgentBinary.sha256())
                .isEqualTo(HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256").digest(program)));
    }

    @Test
    void givesEachCallerItsOwnCopy() {
        AgentBinary.load()[0] = 0;

        assertThat(AgentBinary.load()[0]).isEqualTo((byte) 0x7f);
    }

    @Test
    void isAStaticProgramForX86() {
        ByteBuffer elf = ByteBuffer.wrap(AgentBinary.load()).order(ByteOrder.LITTLE_ENDIAN);

        assertThat(elf.getInt(0)).as("magic").isEqualTo(0x464c457f);
        assertThat((int) elf.getShort(16)).as("type").isEqualTo(ET_EXEC);
        assertThat((int) elf.getShort(18)).as("machine").isEqualTo(EM_X86_64);
        int headers = Math.toIntExact(elf.getLong(32));
        int size = elf.getShort(54);
        int count = elf.getShort(56);
        assertThat(count).isPositive();
        for (int i = 0; i < count; i++) {
            assertThat(elf.getInt(headers + i * size))
                    .as("program header %d", i)
                    .isNotEqualTo(PT_INTERP);
        }
    }

    /** A path in it would make the hash, and with it every snapshot, depend on where the project lies. */
    @Test
    void doesNotTellWhereItWasBuilt() {
        String text = new String(AgentBinary.load(), StandardCharsets.ISO_8859_1);

        assertThat(text).contains("dev.supermachine.agent").doesNotContain(System.getProperty("user.dir"));
    }
}
