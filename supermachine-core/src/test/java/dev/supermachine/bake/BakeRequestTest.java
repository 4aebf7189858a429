package dev.supermachine.bake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.oci.ImageSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BakeRequestTest {

    @Test
    void valuesOfTheEnvironmentAreNotInItsText() {
        assertThat(request(List.of("run"), Map.of("PASSWORD", "hunter2")).toString())
                .contains("PASSWORD")
                .contains("name=app")
                .doesNotContain("hunter2");
    }

    @Test
    void itHasCopiesOfItsCollections() {
        List<String> command = new ArrayList<>(List.of("run"));
        Map<String, String> environment = new HashMap<>(Map.of("A", "1"));
        BakeRequest request = request(command, environment);
        command.add("more");
        environment.put("B", "2");
        assertThat(request.command()).containsExactly("run");
        assertThat(request.environment()).containsExactly(Map.entry("A", "1"));
    }

    private static BakeRequest request(List<String> command, Map<String, String> environment) {
        return new BakeRequest(
                "app",
                "app:1",
                ImageSource.of("app:1"),
                Platform.LINUX_AMD64,
                PullPolicy.NEVER,
                128,
                1,
                80,
                Optional.empty(),
                command,
                environment,
                List.of(),
                Map.of(),
                Optional.empty());
    }
}
