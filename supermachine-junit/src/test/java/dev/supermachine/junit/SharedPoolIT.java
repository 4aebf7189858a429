package dev.supermachine.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.net.httpserver.HttpServer;
import dev.supermachine.ImageException;
import dev.supermachine.Vm;
import dev.supermachine.junit.Runs.Published;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.testkit.engine.EngineExecutionResults;

/** What tests share: snapshots, pools, and failed bakes. */
class SharedPoolIT {

    @BeforeAll
    static void requireRegistry() {
        Guests.requireRegistry();
    }

    @AfterEach
    void leavesNoMachine() {
        Guests.awaitNoProcess();
    }

    @Test
    void bakesOnceForEqualAnnotationsAndAgainForAnotherEnvironment(@TempDir Path snapshots) throws IOException {
        EngineExecutionResults results = Runs.run(
                Map.of("supermachine.snapshots.dir", snapshots.toString()),
                OneTestCase.class,
                EqualTestCase.class,
                GreenTestCase.class);

        assertThat(Runs.failures(results)).isEmpty();
        List<Published> published = Runs.published(results);
        assertThat(published)
                .as("each is of the pool that baked; a second pool with equal values would have found the snapshot")
                .extracting(entry -> entry.get("baked"))
                .containsExactly("true", "true", "true");
        assertThat(published.stream().map(entry -> entry.get("snapshot")).distinct())
                .hasSize(2)
                .allSatisfy(snapshot -> assertThat(snapshot).startsWith(snapshots.toString()));
        assertThat(snapshot(published, OneTestCase.class)).isEqualTo(snapshot(published, EqualTestCase.class));
        assertThat(snapshot(published, GreenTestCase.class)).isNotEqualTo(snapshot(published, OneTestCase.class));
        try (Stream<Path> baked = Files.list(snapshots.resolve("baked"))) {
            assertThat(baked).hasSize(2);
        }
    }

    @Test
    @Tag("smoke")
    void failsEachTestWithTheReasonOfAFailedBake() {
        EngineExecutionResults results = Runs.run(NoSuchImageTestCase.class);

        List<Throwable> failures = Runs.failures(results);
        assertThat(failures).hasSize(3);
        assertThat(failures.stream().map(Throwable::getCause).distinct())
                .as("one bake was tried, and all tests fail with what came of it")
                .singleElement()
                .isInstanceOfSatisfying(
                        ImageException.class,
                        reason -> assertThat(reason).hasMessageContaining("localhost:5000/no-such:1"));
    }

    @Test
    void asksTheRegistryOnceHoweverManyTestsAskForTheImage() throws IOException {
        Queue<String> requests = new ConcurrentLinkedQueue<>();
        HttpServer registry = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        registry.createContext("/", exchange -> {
            requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
            exchange.sendResponseHeaders(404, -1);
            exchange.close();
        });
        registry.start();
        try (SharedPool pool = new SharedPool(new SharedPool.Key(
                Specs.plain("localhost:" + registry.getAddress().getPort() + "/missing:1", Guests.MEMORY_MIB, 1),
                Map.of()))) {
            Throwable first = catchThrowable(pool::acquire);
            List<String> asked = List.copyOf(requests);

            List<Throwable> later = IntStream.range(0, 8)
                    .parallel()
                    .mapToObj(number -> catchThrowable(pool::acquire))
                    .toList();

            assertThat(first).isInstanceOf(ImageException.class);
            assertThat(asked).isNotEmpty().anyMatch(request -> request.contains("/missing/manifests/1"));
            assertThat(later).allSatisfy(failure -> assertThat(failure).isSameAs(first));
            assertThat(requests).as("no request was added").containsExactlyElementsOf(asked);
        } finally {
            registry.stop(0);
        }
    }

    @Test
    void takesTheMemoryBudgetFromAConfigurationParameter(@TempDir Path snapshots) {
        EngineExecutionResults results = Runs.run(
                Map.of("supermachine.snapshots.dir", snapshots.toString(), "supermachine.memory.budget.mib", "32"),
                OneTestCase.class);

        assertThat(Runs.messages(results))
                .singleElement()
                .asString()
                .contains("It would not fit even alone.")
                .contains("supermachine.memory.budget.mib");
    }

    private static String snapshot(List<Published> published, Class<?> fixture) {
        return published.stream()
                .filter(entry -> entry.test().contains(fixture.getName()))
                .map(entry -> entry.get("snapshot"))
                .findFirst()
                .orElseThrow();
    }

    private static void publishOrigin(Vm vm, TestReporter reporter) {
        reporter.publishEntry(Map.of(
                "snapshot", vm.image().origin().snapshot().toString(),
                "baked", String.valueOf(vm.image().origin().baked())));
    }

    abstract static class ColourTestCase {

        private final String colour;

        ColourTestCase(String colour) {
            this.colour = colour;
        }

        @Test
        void hasItsEnvironment(Vm vm, TestReporter reporter) {
            assertThat(vm.exec("sh", "-c", "echo $COLOUR").stdoutText()).isEqualTo(colour + "\n");
            publishOrigin(vm, reporter);
        }
    }

    @MicroVm(
            image = Guests.BUSYBOX,
            cmd = {"sleep", "1000"},
            memoryMib = Guests.MEMORY_MIB,
            env = "COLOUR=blue")
    static class OneTestCase extends ColourTestCase {

        OneTestCase() {
            super("blue");
        }
    }

    @MicroVm(
            image = Guests.BUSYBOX,
            cmd = {"sleep", "1000"},
            memoryMib = Guests.MEMORY_MIB,
            env = "COLOUR=blue")
    static class EqualTestCase extends ColourTestCase {

        EqualTestCase() {
            super("blue");
        }
    }

    @MicroVm(
            image = Guests.BUSYBOX,
            cmd = {"sleep", "1000"},
            memoryMib = Guests.MEMORY_MIB,
            env = "COLOUR=green")
    static class GreenTestCase extends ColourTestCase {

        GreenTestCase() {
            super("green");
        }
    }

    @MicroVm(image = Guests.REGISTRY + "/no-such:1", memoryMib = Guests.MEMORY_MIB)
    static class NoSuchImageTestCase {

        @Test
        void one(Vm vm) {
            vm.exec("true");
        }

        @Test
        void another(Vm vm) {
            vm.exec("true");
        }

        @Test
        void third(Vm vm) {
            vm.exec("true");
        }
    }
}
