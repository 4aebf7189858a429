package dev.supermachine.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {

    private static final Path DOCS = Path.of("..", "docs", "settings.md");

    private final Map<String, String> parameters = new HashMap<>();
    private final Map<String, String> properties = new HashMap<>(Map.of("user.home", "/home/someone"));
    private final Map<String, String> environment = new HashMap<>();
    private final Settings settings = Settings.of(parameters::get, properties::get, environment::get);

    @Test
    void defaults() {
        assertThat(settings.cacheDirectory()).isEqualTo(Path.of("/home/someone/.cache/supermachine"));
        assertThat(settings.snapshotsDirectory())
                .isEqualTo(Path.of("/home/someone/.local/share/supermachine/snapshots"));
        assertThat(settings.snapshotsMaxBytes()).isEqualTo(20L * 1024 * 1024 * 1024);
        assertThat(settings.snapshotsMaxAge()).isEqualTo(Duration.ofDays(30));
        assertThat(settings.engine()).isEmpty();
        assertThat(settings.qemuPath()).isEmpty();
        assertThat(settings.kernelPath()).isEmpty();
        assertThat(settings.emulatorDirectory()).isEqualTo(Path.of("/usr/bin"));
        assertThat(settings.bakeTimeout()).isEqualTo(Duration.ofMinutes(3));
        assertThat(settings.acquireTimeout()).isEqualTo(Duration.ofMinutes(1));
        assertThat(settings.memoryBudgetMib()).isEmpty();
        assertThat(settings.imageMaxBytes()).isEqualTo(64L * 1024 * 1024 * 1024);
        assertThat(settings.imageMaxEntries()).isEqualTo(5_000_000);
        assertThat(settings.registryParallelism()).isEqualTo(4);
        assertThat(settings.registryIdleTimeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(settings.registryMirrors()).isEmpty();
        assertThat(settings.registryCaFile()).isEmpty();
    }

    @Test
    void directoriesFollowXdgUnlessItIsRelative() {
        environment.put("XDG_CACHE_HOME", "/fast");
        environment.put("XDG_DATA_HOME", "relative");
        assertThat(settings.cacheDirectory()).isEqualTo(Path.of("/fast/supermachine"));
        assertThat(settings.snapshotsDirectory())
                .isEqualTo(Path.of("/home/someone/.local/share/supermachine/snapshots"));
    }

    @Test
    void parameterBeforePropertyBeforeEnvironmentAndBlankIsNotSet() {
        environment.put("SUPERMACHINE_ENGINE", "from-environment");
        assertThat(settings.engine()).hasValue("from-environment");
        properties.put("supermachine.engine", " from-property ");
        assertThat(settings.engine()).hasValue("from-property");
        parameters.put("supermachine.engine", "from-parameter");
        assertThat(settings.engine()).hasValue("from-parameter");
        parameters.put("supermachine.engine", " ");
        assertThat(settings.engine()).hasValue("from-property");
    }

    @Test
    void everySettingIsReadFromItsKeyAndItsVariable() {
        Map<String, String> samples = Map.of(
                "size",
                "3 MiB",
                "duration",
                "7 s",
                "engine name",
                "kvm",
                "absolute path",
                "/x",
                "`REGISTRY=MIRROR`, several with commas",
                "a=b",
                "`no`, `jvm` or `detached`",
                "jvm");
        for (SettingDefinition definition : Settings.all()) {
            String sample = samples.getOrDefault(definition.kind(), "7");
            Settings none = Settings.of(key -> null, properties::get, key -> null);
            Settings property = Settings.of(
                    key -> null, key -> key.equals(definition.key()) ? sample : properties.get(key), key -> null);
            Settings variable = Settings.of(
                    key -> null, properties::get, key -> key.equals(definition.environmentName()) ? sample : null);
            assertThat(values(property)).as(definition.key()).isNotEqualTo(values(none));
            assertThat(values(variable)).as(definition.environmentName()).isEqualTo(values(property));
        }
    }

    private static Map<String, Object> values(Settings settings) {
        Map<String, Object> values = new HashMap<>();
        for (Method method : Settings.class.getDeclaredMethods()) {
            if (Modifier.isPublic(method.getModifiers())
                    && !Modifier.isStatic(method.getModifiers())
                    && method.getParameterCount() == 0) {
                try {
                    values.put(method.getName(), method.invoke(settings));
                } catch (ReflectiveOperationException e) {
                    throw new LinkageError(method + " failed", e);
                }
            }
        }
        assertThat(values).hasSize(Settings.all().size());
        return values;
    }

    @ParameterizedTest
    @CsvSource({
        "supermachine.cache.dir, relative/path, an absolute path",
        "supermachine.snapshots.max.bytes, 20 GB, 'a positive size such as 1073741824, 512 MiB or 20 GiB'",
        "supermachine.snapshots.max.bytes, 0, 'a positive size such as 1073741824, 512 MiB or 20 GiB'",
        "supermachine.snapshots.max.bytes, 99999999999 TiB, 'a positive size such as 1073741824, 512 MiB or 20 GiB'",
        "supermachine.bake.timeout, 90, 'a positive duration such as 500 ms, 90 s, 3 min, 2 h or 30 d'",
        "supermachine.bake.timeout, -1 s, 'a positive duration such as 500 ms, 90 s, 3 min, 2 h or 30 d'",
        "supermachine.memory.budget.mib, 0, a whole number from 1 to 2147483647",
        "supermachine.image.max.bytes, -1, 'a positive size such as 1073741824, 512 MiB or 20 GiB'",
        "supermachine.image.max.entries, 0, a whole number from 1 to 2147483647",
        "supermachine.vm.keep-on-failure, yes, 'one of no, jvm, detached'",
        "supermachine.registry.parallelism, many, a whole number from 1 to 32",
    })
    void aWrongValueIsNamedWithItsPlaceAndWhatWasExpected(String key, String value, String expected) {
        properties.put(key, value);
        String message = "The system property " + key + " should be " + expected + ", but was: '" + value + "'";
        assertThatThrownBy(() -> {
                    switch (key) {
                        case "supermachine.cache.dir" -> settings.cacheDirectory();
                        case "supermachine.snapshots.max.bytes" -> settings.snapshotsMaxBytes();
                        case "supermachine.bake.timeout" -> settings.bakeTimeout();
                        case "supermachine.memory.budget.mib" -> settings.memoryBudgetMib();
                        case "supermachine.image.max.bytes" -> settings.imageMaxBytes();
                        case "supermachine.image.max.entries" -> settings.imageMaxEntries();
                        case "supermachine.vm.keep-on-failure" -> settings.keepOnFailure();
                        default -> settings.registryParallelism();
                    }
                })
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void mirrorsAreAList() {
        properties.put("supermachine.registry.mirrors", "docker.io=m:5000/p , quay.io = q.example,docker.io=n:1");
        assertThat(settings.registryMirrors())
                .isEqualTo(Map.of("docker.io", List.of("m:5000/p", "n:1"), "quay.io", List.of("q.example")));
        for (String wrong : List.of("docker.io", "docker.io=", "=m", "a=b,,c=d", "docker.io=https://m", "a=b=c")) {
            properties.put("supermachine.registry.mirrors", wrong);
            assertThatThrownBy(settings::registryMirrors)
                    .hasMessage("The system property supermachine.registry.mirrors should be a list such as"
                            + " docker.io=mirror.example:5000/proxy, quay.io=mirror.example, but was: '" + wrong + "'");
        }
    }

    @Test
    void theEnvironmentVariableIsNamedWhenItIsWrong() {
        environment.put("SUPERMACHINE_BAKE_TIMEOUT", "soon");
        assertThatThrownBy(settings::bakeTimeout)
                .hasMessage(
                        "The environment variable SUPERMACHINE_BAKE_TIMEOUT should be a positive duration such as 500"
                                + " ms, 90 s, 3 min, 2 h or 30 d, but was: 'soon'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"180000 ms", "180s", "3 min", "3MIN"})
    void durationsInAllUnits(String text) {
        properties.put("supermachine.bake.timeout", text);
        assertThat(settings.bakeTimeout()).isEqualTo(Duration.ofMinutes(3));
    }

    @ParameterizedTest
    @ValueSource(strings = {"2147483648", "2147483648 B", "2097152 KiB", "2048 mib", "2GiB"})
    void sizesInAllUnits(String text) {
        properties.put("supermachine.snapshots.max.bytes", text);
        assertThat(settings.snapshotsMaxBytes()).isEqualTo(2L << 30);
    }

    @Test
    void theDocumentationListsExactlyTheSettingsOfTheClass() throws IOException {
        List<String> rows = Files.readAllLines(DOCS).stream()
                .filter(line -> line.startsWith("| `"))
                .toList();
        assertThat(rows)
                .isEqualTo(Settings.all().stream()
                        .map(SettingDefinition::markdownRow)
                        .toList());
    }

    @Test
    void theDocumentationSpeaksOfNoOtherSetting() throws IOException {
        List<String> known = Settings.all().stream().map(SettingDefinition::key).toList();
        assertThat(Pattern.compile("supermachine\\.[a-z]+(\\.[a-z]+(-[a-z]+)*)*")
                        .matcher(Files.readString(DOCS))
                        .results())
                .extracting(MatchResult::group)
                .isSubsetOf(known);
    }

    @Test
    void namesHaveOneForm() {
        assertThat(Settings.all())
                .extracting(SettingDefinition::key)
                .doesNotHaveDuplicates()
                .allMatch(key -> key.matches("supermachine(\\.[a-z]+(-[a-z]+)*)+"));
        assertThat(Arrays.stream(Settings.class.getDeclaredFields())
                        .filter(field -> field.getType() == SettingDefinition.class))
                .hasSize(Settings.all().size());
    }
}
