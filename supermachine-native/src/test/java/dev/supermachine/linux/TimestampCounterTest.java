package dev.supermachine.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class TimestampCounterTest {

    @Test
    void measuresTheSameFrequencyTwice() {
        long first = TimestampCounter.measureKhz().orElseThrow();
        assertThat(first).isBetween(500_000L, 10_000_000L);
        assertThat(TimestampCounter.measureKhz().orElseThrow()).isCloseTo(first, Percentage.withPercentage(0.5));
    }
}
