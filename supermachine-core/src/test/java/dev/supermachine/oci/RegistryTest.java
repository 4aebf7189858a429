package dev.supermachine.oci;

import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** What the tests against a {@link FakeRegistry} have in common. */
abstract class RegistryTest {

    @TempDir
    Path temp;

    final FakeRegistry registry = new FakeRegistry();
    final List<FakeRegistry> others = new ArrayList<>();
    ContentStore store;
    PullSettings settings;

    @BeforeEach
    void openStore() {
        store = new ContentStore(temp.resolve("store"));
        settings = PullSettings.defaults()
                .withDockerConfig(temp.resolve("config.json"))
                .withRetries(new RetryPolicy(5, Duration.ofMillis(1), Duration.ofMillis(8), Duration.ofSeconds(5)));
    }

    @AfterEach
    void closeRegistries() {
        registry.close();
        others.forEach(FakeRegistry::close);
    }

    FakeRegistry another() {
        FakeRegistry other = new FakeRegistry();
        others.add(other);
        return other;
    }

    PulledImage pull() {
        return pull(registry.source(), PullPolicy.IF_MISSING);
    }

    PulledImage pull(ImageSource source, PullPolicy policy) {
        return new ImagePuller(store, PullListener.SILENT, settings).pull(source, Platform.LINUX_AMD64, policy);
    }

    void impatient() {
        settings = settings.withTimeouts(Duration.ofSeconds(10), Duration.ofMillis(300), Duration.ofMillis(300));
    }

    String name() {
        return registry.address() + "/app:1";
    }
}
