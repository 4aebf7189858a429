package dev.supermachine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VolumeSpecTest {

    private static final VolumeSpec UNSIZED = VolumeSpec.of(Path.of("v.img"), "/v");

    @ParameterizedTest
    @ValueSource(longs = {16 << 20, 17 << 20, 1L << 40})
    void takesSizes(long bytes) {
        assertThat(UNSIZED.withSizeBytes(bytes)).isEqualTo(new VolumeSpec(Path.of("v.img"), "/v", bytes));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, -1, 15 << 20, (16 << 20) + 4096, (1L << 40) + (1 << 20), Long.MIN_VALUE})
    void refusesOtherSizes(long bytes) {
        assertThatThrownBy(() -> UNSIZED.withSizeBytes(bytes))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The size of a volume is a multiple of 1048576 bytes (1 MiB), 16777216 (16 MiB) to"
                        + " 1099511627776 (1 TiB), but for v.img it was: " + bytes);
    }

    @Test
    void nothingIsNoSize() {
        assertThat(UNSIZED.sizeBytes()).isZero();
        assertThatThrownBy(() -> UNSIZED.withSizeBytes(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The size of the volume v.img cannot be 0.");
    }
}
