package dev.supermachine.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StopSignalsTest {

    @ParameterizedTest
    @CsvSource({
        "'', 15",
        "SIGTERM, 15",
        "TERM, 15",
        "sigint, 2",
        "SIGQUIT, 3",
        "SIGWINCH, 28",
        "SIGUSR1, 10",
        "SIGCHLD, 17",
        "SIGSYS, 31",
        "9, 9",
        "64, 64",
        "SIGRTMIN, 34",
        "SIGRTMIN+3, 37",
        "RTMIN+30, 64",
        "SIGRTMAX, 64",
        "SIGRTMAX-2, 62"
    })
    void namesAndNumbersAreRead(String text, int number) {
        assertThat(StopSignals.number(text, "app:1")).isEqualTo(number);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0",
                "65",
                "-1",
                "999",
                "1000",
                "SIG",
                "SIGNAL",
                "SIGRTMIN+31",
                "RTMIN-1",
                "RTMAX+1",
                "RTMIN+",
                " TERM"
            })
    void whatLinuxDoesNotKnowIsRefused(String text) {
        assertThatThrownBy(() -> StopSignals.number(text, "app:1"))
                .isInstanceOf(ImageException.class)
                .hasMessage("The image app:1 has a stop signal that Linux does not know: '" + text
                        + "'. Expected a name such as SIGTERM or a number from 1 to 64.");
    }
}
