package dev.supermachine.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;

/** The images that {@code bin/registry} serves, named as constants for annotations, and the machines that run. */
final class Guests {

    static final String REGISTRY = "localhost:5000";
    static final String BUSYBOX = REGISTRY + "/debian-busybox:1";
    static final String PLATFORMS = REGISTRY + "/debian-busybox-platforms:1";
    static final String REDIS = REGISTRY + "/debian-redis:7";

    /** As little as a machine can have. */
    static final int MEMORY_MIB = 128;

    private Guests() {}

    /** Fails where the registry does not run. */
    static void requireRegistry() {
        try {
            HttpResponse<Void> answer = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create("http://" + REGISTRY + "/v2/"))
                                    .timeout(Duration.ofSeconds(10))
                                    .build(),
                            HttpResponse.BodyHandlers.discarding());
            assertThat(answer.statusCode())
                    .as("What answers on %s is a registry", REGISTRY)
                    .isEqualTo(200);
        } catch (IOException e) {
            fail(
                    "No registry answers on " + REGISTRY
                            + ", from which these tests pull. Start it: bin/registry start",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            fail("Interrupted while asking the registry", e);
        }
    }

    /** The QEMU processes that this JVM has started and that still run. */
    static List<ProcessHandle> processes() {
        return ProcessHandle.current()
                .descendants()
                .filter(process -> process.info().command().orElse("").contains("qemu"))
                .toList();
    }

    /** Machines are ended in the background; none may stay. */
    static void awaitNoProcess() {
        await("the end of all machines")
                .atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(processes()).isEmpty());
    }
}
