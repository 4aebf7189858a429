package dev.supermachine.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.json.JsonFormatException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Manifests and configurations by somebody who did not read the specification, or did. */
class HostileDocumentsTest {

    private static final List<Object> VALUES =
            List.of("text", "", 1, -1, 1.5, 1e300, true, List.of(), List.of(1), Map.of(), Map.of("a", 1), "sha256:00");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "os|5|os: expected a string, but found 5",
                "os||os: expected a string, but it is missing",
                "architecture|[]|architecture: expected a string, but found []",
                "config|[]|config: expected an object, but found []",
                "config|{\"Entrypoint\":\"/bin/sh\"}|config.Entrypoint: expected an array, but found \"/bin/sh\"",
                "config|{\"Cmd\":[1]}|config.Cmd[0]: expected a string, but found 1",
                "config|{\"Env\":{}}|config.Env: expected an array, but found {}",
                "config|{\"User\":0}|config.User: expected a string, but found 0",
                "config|{\"ExposedPorts\":[\"80/tcp\"]}|config.ExposedPorts: expected an object, but found [\"80/tcp\"]",
                "config|{\"Labels\":{\"a\":1}}|config.Labels.a: expected a string, but found 1",
                "config|{\"Healthcheck\":[]}|config.Healthcheck: expected an object, but found []",
                "config|{\"Healthcheck\":{\"Test\":\"curl\"}}|config.Healthcheck.Test: expected an array, but found \"curl\"",
                "rootfs|{\"diff_ids\":[null]}|rootfs.diff_ids[0]: expected a string, but found null",
                "rootfs||rootfs: expected an object, but it is missing",
            })
    void namesTheMemberOfAConfiguration(String member, @Nullable String value, String message) {
        Map<String, String> members = new LinkedHashMap<>();
        members.put("os", "\"linux\"");
        members.put("architecture", "\"amd64\"");
        members.put("rootfs", "{\"diff_ids\":[]}");
        members.put(member, value == null ? "null" : value);
        List<String> parts = new ArrayList<>();
        members.forEach((name, text) -> parts.add("\"" + name + "\":" + text));
        byte[] bytes = ("{" + String.join(",", parts) + "}").getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> ImageConfig.parse(bytes, "The configuration of app:1"))
                .isInstanceOf(ImageException.class)
                .hasCauseInstanceOf(JsonFormatException.class)
                .hasMessage("The configuration of app:1 cannot be read: " + message
                        + ". Whoever made the image wrote a configuration against the specification.");
    }

    @Test
    void aConfigurationNeedsLittle() {
        ImageConfig config = ImageConfig.parse(
                "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[]},\"config\":{\"Cmd\":null}}"
                        .getBytes(StandardCharsets.UTF_8),
                "c");
        assertThat(config.entrypoint()).isEmpty();
        assertThat(config.cmd()).isEmpty();
        assertThat(config.env()).isEmpty();
        assertThat(config.user()).isEmpty();
        assertThat(config.exposedPorts()).isEmpty();
        assertThat(config.diffIds()).isEmpty();
    }

    @Test
    void wrongTypesInAConfigurationAreErrorsAndNothingElse() {
        int refused = 0;
        for (int i = 0; i < 4_000; i++) {
            Map<String, Object> config = new LinkedHashMap<>(TestImage.of(TestImage.Form.PLAIN).config);
            mutate(config, Seeds.random(i));
            refused += isRefused(i, () -> ImageConfig.parse(TestImage.json(config), "c"));
        }
        assertThat(refused).isBetween(400, 3_999);
    }

    @Test
    void wrongTypesInAManifestAreErrorsAndNothingElse() {
        TestImage image = TestImage.of(TestImage.Form.PLAIN);
        int refused = 0;
        for (int i = 0; i < 4_000; i++) {
            Map<String, Object> manifest = new LinkedHashMap<>();
            manifest.put("schemaVersion", 2);
            manifest.put("mediaType", MediaTypes.OCI_MANIFEST);
            manifest.put("config", image.blob(MediaTypes.OCI_CONFIG, image.configBytes()));
            manifest.put("layers", image.layers);
            mutate(manifest, Seeds.random(i));
            refused += isRefused(i, () -> Manifest.parse(Manifest.Raw.of(TestImage.json(manifest), ""), "m"));
        }
        assertThat(refused).isBetween(400, 3_999);
    }

    @Test
    void damagedTextIsAnErrorAndNothingElse() {
        byte[] good = TestImage.of(TestImage.Form.GZIP).manifest();
        int refused = 0;
        for (int i = 0; i < 4_000; i++) {
            Random random = Seeds.random(i);
            byte[] bytes = good.clone();
            for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            refused += isRefused(i, () -> Manifest.parse(Manifest.Raw.of(bytes, MediaTypes.OCI_MANIFEST), "m"));
        }
        assertThat(refused).isBetween(400, 3_999);
        byte[] deep = "[".repeat(200_000).getBytes(StandardCharsets.UTF_8);
        assertThat(isRefused(0, () -> Manifest.parse(Manifest.Raw.of(deep, ""), "m")))
                .isEqualTo(1);
    }

    private static int isRefused(int seed, Runnable parse) {
        try {
            parse.run();
            return 0;
        } catch (ImageException e) {
            assertThat(e.getMessage()).as("seed %d", seed).isNotBlank();
            return 1;
        } catch (RuntimeException e) {
            throw new AssertionError("seed " + seed, e);
        }
    }

    /** Replaces one member, at the top or below, by something else or by nothing. */
    private static void mutate(Map<String, Object> object, Random random) {
        List<String> names = new ArrayList<>(object.keySet());
        String name = names.get(random.nextInt(names.size()));
        Object value = object.get(name);
        if (value instanceof Map<?, ?> members && !members.isEmpty() && random.nextInt(3) > 0) {
            Map<String, Object> copy = new LinkedHashMap<>();
            members.forEach((key, member) -> copy.put((String) key, member));
            mutate(copy, random);
            object.put(name, copy);
        } else if (value instanceof List<?> list
                && !list.isEmpty()
                && list.get(0) instanceof Map<?, ?> members
                && random.nextInt(3) > 0) {
            Map<String, Object> copy = new LinkedHashMap<>();
            members.forEach((key, member) -> copy.put((String) key, member));
            mutate(copy, random);
            object.put(name, List.of(copy));
        } else if (random.nextInt(8) == 0) {
            object.remove(name);
        } else {
            object.put(name, VALUES.get(random.nextInt(VALUES.size())));
        }
    }
}
