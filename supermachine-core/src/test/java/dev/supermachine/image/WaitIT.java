package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.BakeException;
import dev.supermachine.Image;
import dev.supermachine.OciImageBuilder;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.Wait;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a bake waits for, with the images of real services. Each test has a store of its own. */
class WaitIT {

    private static final Duration LONG = Duration.ofMinutes(3);

    @TempDir
    private Path directory;

    @Test
    @Tag("smoke")
    void postgresIsReadyByItsLogAndItsOwnCommand() {
        Image image = builder("debian-postgres")
                .withMemoryMib(512)
                .withWait(Wait.all(
                                Wait.forLog("database system is ready to accept connections"),
                                Wait.forCommand("pg_isready", "-q"))
                        .withTimeout(LONG))
                .build();
        try (Vm vm = image.start(VmConfig.defaults())) {
            // at once, without a second try
            assertThat(vm.exec("psql", "-Atc", "select 6 * 7").stdoutText()).isEqualTo("42\n");
        }
    }

    @Test
    void nginxIsReadyWhenItAnswersOverHttp() throws IOException, InterruptedException {
        Image image = builder("debian-nginx")
                .withWait(Wait.forHttp("/").withBody("^supermachine$"))
                .build();
        assertThat(image.origin().snapshot().resolve("manifest.json"))
                .content()
                .contains("the status 200 for GET / on the guest port and a body with ")
                .contains("\"workloadStarted\": true");
        try (Vm vm = image.start(VmConfig.defaults())) {
            URI uri = URI.create("http://" + vm.host() + ":" + vm.mappedPort(80) + "/");
            HttpResponse<String> response = HttpClient.newHttpClient()
                    .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).isEqualTo(200);
        }
    }

    @Test
    void redisIsReadyByWhicheverConditionIsMet() {
        Image image = builder("debian-redis")
                .withGuestPort(6379)
                .withWait(Wait.any(
                        Wait.all(Wait.forListener(), Wait.forCommand("redis-cli", "ping")),
                        Wait.forLog("this is never written")))
                .build();
        try (Vm vm = image.start(VmConfig.defaults())) {
            assertThat(vm.exec("redis-cli", "incr", "visits").stdoutText()).isEqualTo("1\n");
        }
    }

    @Test
    void theImagesOwnHealthCheckIsHonoured() throws IOException {
        String reference = ChangedConfig.of(
                "debian-busybox",
                "\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"test -e /tmp/healthy\"],\"Interval\":3600000000000}",
                directory.resolve("image"));
        Image image = Image.builder(reference)
                .withSnapshotsDir(directory.resolve("snapshots"))
                .withCmd("sh", "-c", "echo starting; sleep 1; touch /tmp/healthy; exec sleep 1000")
                .withWait(Wait.forHealthcheck())
                .build();
        try (Vm vm = image.start(VmConfig.defaults())) {
            assertThat(vm.exec("test", "-e", "/tmp/healthy").success()).isTrue();
        }
    }

    @Test
    void anImageWithoutAHealthCheckIsRefusedBeforeAnythingBoots() {
        assertThatThrownBy(() -> builder("debian-busybox")
                        .withWait(Wait.any(Wait.forListener(), Wait.forHealthcheck()))
                        .build())
                .isInstanceOf(BakeException.class)
                .hasMessageContaining("waits for the health check of oci-layout:")
                .hasMessageContaining(
                        "but the image has none: its configuration has no HEALTHCHECK. Wait for something");
    }

    @Test
    void theSameConditionFindsTheSnapshotAndAnotherOneMakesAnother() {
        assertThat(counting(Wait.forLog("^3$")).origin().baked()).isTrue();
        assertThat(counting(Wait.forLog("^3$")).origin().baked()).isFalse();
        Image later = counting(Wait.forLog("^[0-9]$", 4));
        assertThat(later.origin().baked()).isTrue();
        try (Vm vm = later.start(VmConfig.defaults())) {
            assertThat(vm.logs()).startsWith("1\n2\n3\n4\n");
        }
    }

    @Test
    void aDeadlineSaysWhatWasSeenOfEachCondition() {
        Wait wait = Wait.all(
                        Wait.forLog("ready"),
                        Wait.forCommand("sh", "-c", "echo not yet; exit 4"),
                        Wait.forListener(8080),
                        Wait.forHttp("/health").onPort(8081))
                .withTimeout(Duration.ofSeconds(4));
        assertThatThrownBy(() -> builder("debian-busybox")
                        .withCmd("sh", "-c", "echo still thinking; exec sleep 1000")
                        .withWait(wait)
                        .build())
                .isInstanceOf(BakeException.class)
                .hasMessageContaining("failed. It was not ready within 4 s. ")
                .hasMessageContaining("\nAwaited was:\n- a line of output with 'ready': 0 of 1 lines matched\n")
                .hasMessageContaining("; the last exited with status 4 and printed: not yet\n")
                .hasMessageContaining("\n- a listener on port 8080: nothing listened on port 8080, nor on any other\n")
                .hasMessageContaining("\n- the status 200 for GET /health on port 8081: tried ")
                .hasMessageContaining("cannot connect to the guest's port 8081: ")
                .hasMessageContaining("\nThe workload's output ends with:\nstill thinking\n")
                .hasMessageContaining("\nThe guest's console ends with:\n");
    }

    @Test
    void aWorkloadThatEndsEndsTheWaitWithItsStatus() {
        assertThatThrownBy(() -> builder("debian-busybox")
                        .withCmd("sh", "-c", "echo no configuration; exit 7")
                        .withWait(Wait.any(Wait.forLog("ready"), Wait.forCommand("false"))
                                .withTimeout(LONG))
                        .build())
                .isInstanceOf(BakeException.class)
                .hasMessageContaining("exited with status 7 before it was ready.")
                .hasMessageContaining("\n- a line of output with 'ready': 0 of 1 lines matched\n")
                .hasMessageContaining("\nThe workload's output ends with:\nno configuration\n");
    }

    private Image counting(Wait wait) {
        return builder("debian-busybox")
                .withCmd("sh", "-c", "for i in 1 2 3 4; do echo $i; done; exec sleep 1000")
                .withWait(wait)
                .build();
    }

    private OciImageBuilder builder(String image) {
        return Image.builder(TestImages.reference(image)).withSnapshotsDir(directory.resolve("snapshots"));
    }
}
