package dev.supermachine.oci;

import static dev.supermachine.oci.FakeRegistry.blob;
import static dev.supermachine.oci.FakeRegistry.broken;
import static dev.supermachine.oci.FakeRegistry.inTurn;
import static dev.supermachine.oci.FakeRegistry.ranged;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.oci.FakeRegistry.Request;
import dev.supermachine.oci.TestImage.Form;
import dev.supermachine.testing.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One cache and several processes, of which one is killed in the middle of a layer. */
class ResumeProcessesIT extends RegistryTest {

    private static final int CUT = 120_000;

    private final TestImage image = new TestImage("amd64");
    private final CountDownLatch over = new CountDownLatch(1);
    private byte[] whole;
    private Digest digest;
    private Path part;

    @BeforeEach
    void serveALargeLayerThatStalls() {
        byte[] content = new byte[300_000];
        Seeds.random(0).nextBytes(content);
        image.layer(TestImage.tar(Map.of("random", content)), Form.GZIP);
        whole = image.layerBytes(0);
        digest = image.layerDigest(0);
        part = store.root().resolve("parts/" + digest.hex() + ".part");
        registry.serve(image)
                .on(
                        blob(digest),
                        inTurn(
                                exchange -> {
                                    broken(whole, CUT).send(exchange);
                                    awaitQuietly();
                                },
                                ranged(whole, whole.length)));
    }

    @AfterEach
    void letGo() {
        over.countDown();
    }

    @Test
    void theNextProcessGoesOnWhereAKilledOneWas() throws IOException, InterruptedException {
        try (ChildJvm child = start()) {
            awaitPart(child);
            child.kill();
        }
        LocalImagesTest.assertLayers(pull(), image);
        assertThat(ranges()).containsExactly("", "bytes=" + CUT + "-");
        assertThat(StoreContent.parts(store.root())).isEmpty();
    }

    @Test
    void aProcessLeavesThePartOfAnotherAlone() throws IOException {
        try (ChildJvm child = start()) {
            awaitPart(child);
            LocalImagesTest.assertLayers(pull(), image);
            assertThat(ranges()).containsExactly("", "");
            assertThat(Files.size(part)).isEqualTo(CUT);
            assertThat(child.lines()).isEmpty();
        }
    }

    private ChildJvm start() throws IOException {
        return ChildJvm.start(PullInAnotherJvm.class, name(), store.root().toString());
    }

    private void awaitPart(ChildJvm child) {
        await().atMost(Duration.ofMinutes(1)).until(() -> {
            assertThat(child.lines()).as("what the other process said").isEmpty();
            return Files.exists(part) && Files.size(part) == CUT;
        });
    }

    private List<String> ranges() {
        return registry.requests().stream()
                .filter(request -> request.path().equals(blob(digest)))
                .map(Request::range)
                .toList();
    }

    private void awaitQuietly() {
        try {
            over.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
