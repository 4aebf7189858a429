package dev.supermachine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
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

        assertThat(defaults)
                .hasToString("VmConfig[hostName=, environment=[], files=[], memoryMib=OptionalInt.empty,"
                        + " vcpus=OptionalInt.empty, restoreTimeout=Optional.empty, logConsumer=no]");
        assertThat(changed.hostName()).isEqualTo("db-1");
        assertThat(changed.environment()).containsExactly(Map.entry("A", "2"));
        assertThat(changed.memoryMib()).hasValue(256);
        assertThat(changed.vcpus()).hasValue(1);
    }

    @Test
    void filesLimitAndConsumerAreKept() throws IOException {
        Consumer<String> consumer = line -> {};
        VmConfig config = VmConfig.defaults()
                .withFile("/a", "first".getBytes(StandardCharsets.UTF_8))
                .withFile("/b", Path.of("/host/b"))
                .withFile("/a", "second".getBytes(StandardCharsets.UTF_8), 0600)
                .withRestoreTimeout(Duration.ofSeconds(3))
                .withLogConsumer(consumer);

        assertThat(config.files()).extracting(GuestFile::path).containsExactly("/a", "/b");
        GuestFile replaced = config.files().get(0);
        assertThat(replaced.mode()).hasValue(0600);
        assertThat(replaced.size()).isEqualTo(6);
        assertThat(replaced.open()).hasContent("second");
        assertThat(config.files().get(1).mode()).isEmpty();
        assertThat(config.files()).isUnmodifiable();
        assertThat(config.restoreTimeout()).hasValue(Duration.ofSeconds(3));
        assertThat(config.logConsumer()).containsSame(consumer);
    }

    @Test
    void theLimitOfARestoreIsPositive() {
        assertThatThrownBy(() -> VmConfig.defaults().withRestoreTimeout(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The limit of a restore is positive, but was: PT0S");
    }

    @Test
    void theEnvironmentCannotBeChanged() {
        VmConfig config = VmConfig.defaults().withEnv("A", "1");
        config.withEnv("B", "2");
        assertThat(config.environment()).containsExactly(Map.entry("A", "1"));
        assertThat(config.environment()).isUnmodifiable();
    }

    @Test
    void valuesAndContentAreNotInItsText() {
        VmConfig config = VmConfig.defaults()
                .withEnv("PASSWORD", "hunter2")
                .withFile("/run/secret", "hunter3".getBytes(StandardCharsets.UTF_8))
                .withFile("/etc/b", Path.of("/host/b"));
        assertThat(config.toString())
                .contains("environment=[PASSWORD], files=[/run/secret, /etc/b from /host/b]")
                .doesNotContain("hunter");
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
