package dev.supermachine.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read of an image's HEALTHCHECK. */
class HealthcheckTest {

    @Test
    void whatIsLeftOpenHasDockersDefaults() {
        assertThat(read("\"Healthcheck\":{\"Test\":[\"CMD\",\"check\",\"it\"],\"Interval\":0,\"Retries\":0}"))
                .contains(new Healthcheck(
                        List.of("CMD", "check", "it"),
                        List.of("/bin/sh", "-c"),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(30),
                        Duration.ZERO,
                        3));
    }

    @Test
    void everythingThatIsSetIsTaken() {
        assertThat(read("\"Shell\":[\"/bin/ash\",\"-ec\"],\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"a && b\"],"
                        + "\"Interval\":5000000000,\"Timeout\":1500000000,\"StartPeriod\":60000000000,\"Retries\":7}"))
                .contains(new Healthcheck(
                        List.of("CMD-SHELL", "a && b"),
                        List.of("/bin/ash", "-ec"),
                        Duration.ofSeconds(5),
                        Duration.ofMillis(1500),
                        Duration.ofMinutes(1),
                        7));
    }

    @Test
    void theCommandIsExecutedAsItIsOrByTheShell() {
        assertThat(command("[\"CMD\",\"check\",\"it now\"]")).containsExactly("check", "it now");
        assertThat(command("[\"CMD-SHELL\",\"check | grep it\"]")).containsExactly("/bin/sh", "-c", "check | grep it");
        assertThat(read("\"Shell\":[\"/bin/ash\",\"-ec\"],\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"a\"]}")
                        .orElseThrow()
                        .command())
                .containsExactly("/bin/ash", "-ec", "a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "[\"NONE\"]", "[\"CMD\"]", "[\"CMD-SHELL\"]", "[\"HTTP\",\"/health\"]"})
    void whatIsNoneHasNoCommand(String test) {
        assertThat(command(test)).isEmpty();
    }

    @Test
    void anImageMayHaveNone() {
        assertThat(read("\"Env\":[]")).isEmpty();
        assertThat(read("\"Healthcheck\":null")).isEmpty();
    }

    private static List<String> command(String test) {
        return read("\"Healthcheck\":{\"Test\":" + test + "}").orElseThrow().command();
    }

    private static Optional<Healthcheck> read(String members) {
        String json = "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[]},\"config\":{" + members
                + "}}";
        return ImageConfig.parse(json.getBytes(StandardCharsets.UTF_8), "The configuration of app:1")
                .healthcheck();
    }
}
