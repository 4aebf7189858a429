package dev.supermachine.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class FrameReaderTest {

    private static final int SEED = 4_711;

    @Test
    void readsBackWhatWasWritten() throws ProtocolException {
        byte[] payload = new FrameWriter("test")
                .u8(200)
                .u16(60_000)
                .u32(4_000_000_000L)
                .u64(Long.MAX_VALUE)
                .u64(-1)
                .string("grün")
                .strings(List.of("a", "", "b c"))
                .map(Map.of("k", "v"))
                .ports(List.of(80, 65_535))
                .bytes(new byte[] {1, 2})
                .payload();

        FrameReader in = new FrameReader(FrameType.HELLO, payload);

        assertThat(in.u8()).isEqualTo(200);
        assertThat(in.u16()).isEqualTo(60_000);
        assertThat(in.u32()).isEqualTo(4_000_000_000L);
        assertThat(in.u64()).isEqualTo(Long.MAX_VALUE);
        assertThat(in.s64()).isEqualTo(-1);
        assertThat(in.string()).isEqualTo("grün");
        assertThat(in.strings()).containsExactly("a", "", "b c");
        assertThat(in.map()).containsExactly(Map.entry("k", "v"));
        assertThat(in.list(2, FrameReader::u16)).containsExactly(80, 65_535);
        assertThat(in.copy().rest()).containsExactly(1, 2);
        assertThat(in.rest()).containsExactly(1, 2);
        in.end();
    }

    @Test
    void refusesCountsThatCannotBeTrue() {
        byte[] bomb = {-1, -1, -1, -1, 0, 0, 0, 0};

        assertBroken(reader(bomb)::string, "announces 4294967295 items where 4 bytes are left");
        assertBroken(reader(bomb)::strings, "announces 4294967295 items where 4 bytes are left");
        assertBroken(reader(bomb)::map, "announces 4294967295 items where 4 bytes are left");
        assertBroken(reader(new byte[] {2, 0, 0, 0, 0, 0, 0, 0})::strings, "announces 2 items where 4 bytes are left");
        assertBroken(reader(new byte[] {1, 0, 0, 0, 9, 0, 0, 0})::strings, "announces 9 items where 0 bytes are left");
    }

    @Test
    void refusesWhatIsTooShortOrTooLong() {
        assertBroken(reader(new byte[0])::u8, "ends 1 bytes too early");
        assertBroken(reader(new byte[1])::u16, "ends 1 bytes too early");
        assertBroken(reader(new byte[1])::u32, "ends 3 bytes too early");
        assertBroken(reader(new byte[7])::u64, "ends 1 bytes too early");
        assertBroken(reader(new byte[7])::end, "has 7 bytes too many");
        assertBroken(
                reader(new byte[] {0, 0, 0, 0, 0, 0, 0, -128})::u64, "holds the impossible number 9223372036854775808");
    }

    @Test
    void randomPayloadsAreReadOrRefusedAndNothingElse() {
        Random random = new Random(SEED);
        int refused = 0;
        for (int round = 0; round < 50_000; round++) {
            byte[] payload = new byte[random.nextInt(64)];
            random.nextBytes(payload);
            for (int i = random.nextInt(32); i > 0 && payload.length > 0; i--) {
                payload[random.nextInt(payload.length)] = 0;
            }
            FrameReader in = reader(payload);
            try {
                for (int field = 0; field < 4; field++) {
                    readAny(in, random);
                }
                in.end();
            } catch (ProtocolException e) {
                refused++;
            }
        }
        assertThat(refused).isBetween(1, 49_999);
    }

    private static void readAny(FrameReader in, Random random) throws ProtocolException {
        switch (random.nextInt(7)) {
            case 0 -> assertThat(in.u8()).isBetween(0, 0xFF);
            case 1 -> assertThat(in.u16()).isBetween(0, 0xFFFF);
            case 2 -> assertThat(in.u32()).isBetween(0L, 0xFFFF_FFFFL);
            case 3 -> assertThat(in.u64()).isNotNegative();
            case 4 -> assertThat(in.string().length()).isLessThanOrEqualTo(64);
            case 5 -> assertThat(in.strings().size()).isLessThanOrEqualTo(16);
            default -> assertThat(in.map().size()).isLessThanOrEqualTo(8);
        }
    }

    @Test
    void theWriterRefusesWhatCannotBePassedOn() {
        assertThatThrownBy(() -> new FrameWriter("execute [x]").string("a\0b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The request to execute [x] contains a NUL character in \"a\u2400b\"; neither paths nor"
                        + " arguments can hold one");
        assertThatThrownBy(() -> new FrameWriter("execute [x]").string("\ud800"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The request to execute [x] contains half a surrogate pair, which has no form in UTF-8");
        assertThatThrownBy(() -> new FrameWriter("execute [x]").string("x".repeat(65_533)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The request to execute [x] does not fit into the 65536 bytes of a frame. Pass less by"
                        + " arguments and environment, and more by files");
        assertThat(new FrameWriter("x").string("x".repeat(65_532)).payload()).hasSize(65_536);
    }

    private static FrameReader reader(byte[] payload) {
        return new FrameReader(FrameType.RESULT, payload);
    }

    private static void assertBroken(ThrowingCallable reading, String how) {
        assertThatThrownBy(reading).isInstanceOf(ProtocolException.class).hasMessage("a payload of RESULT that " + how);
    }
}
