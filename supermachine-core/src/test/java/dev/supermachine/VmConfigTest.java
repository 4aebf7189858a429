package dev.supermachine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VmConfigTest {

    @Test
    void eachChangeIsACopy() {
        VmConfig defaults = VmConfig.defaults();
        VmConfig changed = defaults.withHostName("db-1")
                .withEnv("A", "1")
                .withEnv("A", "2")
                .withMemoryMib(256)
                .withVcpus(1);

        assertThat(defaults).isEqualTo(new VmConfig("", Map.of(), OptionalInt.empty(), OptionalInt.empty()));
        assertThat(changed).isEqualTo(new VmConfig("db-1", Map.of("A", "2"), OptionalInt.of(256), OptionalInt.of(1)));
    }

    @Test
    void theEnvironmentIsACopyThatCannotBeChanged() {
        Map<String, String> environment = new HashMap<>(Map.of("A", "1"));
        VmConfig config = new VmConfig("", environment, OptionalInt.empty(), OptionalInt.empty());
        environment.put("B", "2");
        assertThat(config.environment()).containsExactly(Map.entry("A", "1"));
        assertThat(config.environment()).isUnmodifiable();
    }

    @Test
    void valuesOfTheEnvironmentAreNotInItsText() {
        assertThat(VmConfig.defaults().withEnv("PASSWORD", "hunter2").toString())
                .contains("PASSWORD")
                .doesNotContain("hunter2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-a", "a-", "a.b", "a_b", "a b", "ä", "a\n"})
    void aHostNameThatIsNoLabelIsRefused(String name) {
        assertThatThrownBy(() -> VmConfig.defaults().withHostName(name))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + name + "'");
    }

    @Test
    void aHostNameHasAtMost63Characters() {
        assertThat(VmConfig.defaults().withHostName("a".repeat(63)).hostName()).hasSize(63);
        assertThatThrownBy(() -> VmConfig.defaults().withHostName("a".repeat(64)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void variablesThatNoProcessCanHaveAreRefused() {
        assertThatThrownBy(() -> VmConfig.defaults().withEnv("", "x")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> VmConfig.defaults().withEnv("A=B", "x")).hasMessageContaining("'A=B'");
        assertThatThrownBy(() -> VmConfig.defaults().withEnv("A\0", "x")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> VmConfig.defaults().withEnv("PASSWORD", "hunter\0002"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The value of the environment variable 'PASSWORD' has a NUL.");
    }
}
