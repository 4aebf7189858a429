package dev.supermachine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ExecResultTest {

    @Test
    void onlyStatusZeroInTimeIsASuccess() {
        assertThat(result(0, false, "").success()).isTrue();
        assertThat(result(1, false, "").success()).isFalse();
        assertThat(result(0, true, "").success()).isFalse();
    }

    @Test
    void theOutputCannotBeChanged() {
        byte[] bytes = "out".getBytes(StandardCharsets.UTF_8);
        ExecResult result = new ExecResult(0, bytes, bytes, Duration.ZERO, false, 0);
        bytes[0] = 'X';
        result.stdout()[1] = 'X';
        result.stderr()[1] = 'X';
        assertThat(result.stdoutText()).isEqualTo("out");
        assertThat(result.stderrText()).isEqualTo("out");
    }

    @Test
    void itsTextHasTheBeginningOfTheOutput() {
        assertThat(result(124, true, "o".repeat(501)))
                .hasToString(
                        "exit status 124 (time-out) after 1500 ms, stdout: '" + "o".repeat(500) + "…', stderr: 'err'");
    }

    private static ExecResult result(int status, boolean timedOut, String out) {
        return new ExecResult(
                status,
                out.getBytes(StandardCharsets.UTF_8),
                "err".getBytes(StandardCharsets.UTF_8),
                Duration.ofMillis(1500),
                timedOut,
                1);
    }
}
