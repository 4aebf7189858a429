package dev.supermachine.oci;

import static dev.supermachine.oci.FakeRegistry.blob;
import static dev.supermachine.oci.FakeRegistry.error;
import static dev.supermachine.oci.FakeRegistry.ok;
import static dev.supermachine.oci.FakeRegistry.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.PullPolicy;
import dev.supermachine.oci.TestImage.Form;
import dev.supermachine.testing.Background;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;

/** Every kind of wrong answer has words of its own, and leaves nothing behind. */
class RegistryFailuresTest extends RegistryTest {

    private final TestImage image = TestImage.of(Form.GZIP);

    private AbstractThrowableAssert<?, ?> assertPullFails() {
        AbstractThrowableAssert<?, ?> failure = assertThatThrownBy(() -> pull()).isInstanceOf(ImageException.class);
        StoreContent.assertNothingUnverified(store.root(), image);
        assertThat(temp.resolve("store/refs")).isEmptyDirectory();
        return failure;
    }

    @Test
    void unknownHost() {
        assertThatThrownBy(() -> pull(ImageSource.of("registry.invalid/app:1"), PullPolicy.IF_MISSING))
                .isInstanceOf(ImageException.class)
                .hasMessage("Cannot pull registry.invalid/app:1: the host 'registry.invalid' is unknown (tried GET"
                        + " https://registry.invalid/v2/app/manifests/1). Check the spelling of the reference, and the name servers and"
                        + " proxy settings of this machine.");
    }

    @Test
    void connectionRefused() throws IOException {
        String address;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            address = "127.0.0.1:" + socket.getLocalPort();
        }
        assertThatThrownBy(() -> pull(ImageSource.of(address + "/app:1"), PullPolicy.IF_MISSING))
                .hasMessage(
                        "Cannot pull " + address + "/app:1: nothing accepts connections at " + address
                                + " (tried GET http://" + address
                                + "/v2/app/manifests/1: connection refused). Check that the registry runs, and its host and port.");
    }

    @Test
    void whatTheHttpClientQuotesSteersNoTerminal() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String address = "127.0.0.1:" + socket.getLocalPort();
            settings = settings.withRetries(RetryPolicy.NEVER);
            CompletableFuture<Void> server =
                    Background.run(() -> answerOnce(socket, "HTTP/1.1 \u001b[2J\u009b1m OK\r\n\r\n"));

            assertThatThrownBy(() -> pull(ImageSource.of(address + "/app:1"), PullPolicy.IF_MISSING))
                    .isInstanceOf(ImageException.class)
                    .hasMessageStartingWith("Cannot pull " + address + "/app:1: the connection to " + address
                            + " failed (tried GET http://" + address + "/v2/app/manifests/1: ")
                    .hasMessageContaining("?[2J")
                    .hasMessageMatching("\\P{Cntrl}*");
            server.join();
        }
    }

    private static void answerOnce(ServerSocket socket, String answer) {
        try (Socket connection = socket.accept()) {
            BufferedReader request =
                    new BufferedReader(new InputStreamReader(connection.getInputStream(), StandardCharsets.ISO_8859_1));
            for (String line = request.readLine(); line != null && !line.isEmpty(); line = request.readLine()) {
                // the head is all of it
            }
            connection.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void unauthorized() {
        registry.on(
                "/v2/app/manifests/1",
                error(401, Map.of("WWW-Authenticate", "Basic realm=\"r\""), "UNAUTHORIZED", "authentication required"));
        assertPullFails()
                .hasMessage(
                        "Cannot pull " + name() + ": GET " + registry.url("/v2/app/manifests/1")
                                + " answered 401 (UNAUTHORIZED: authentication required). The registry wants credentials for the repository 'app',"
                                + " and there are none for " + registry.address()
                                + " in Docker's config.json or in the credential helpers that it names. Run docker login "
                                + registry.address()
                                + ", and check the spelling: many registries answer like this for repositories that do not exist.");
    }

    @Test
    void unknownTag() {
        assertPullFails()
                .hasMessage("Cannot pull " + name() + ": GET " + registry.url("/v2/app/manifests/1")
                        + " answered 404 (MANIFEST_UNKNOWN: manifest unknown). " + registry.address()
                        + " has no tag '1' in the repository 'app', or no such repository. Check the spelling, and that the image was"
                        + " pushed there.");
    }

    @Test
    void registryInTrouble() {
        registry.on("/v2/app/manifests/1", status(503, Map.of(), "<html>".getBytes(StandardCharsets.UTF_8)));
        assertPullFails()
                .hasMessageMatching(
                        Pattern.quote("Cannot pull " + name() + ": GET " + registry.url("/v2/app/manifests/1")
                                        + " answered 503, expected 200. It was asked 6 times in ")
                                + "[0-9]+ ms\\. The registry has a problem of its own; try again, or look at its log\\.");
    }

    @Test
    void blobIsMissing() {
        registry.serve(image).on(blob(image.layerDigest(0)), error(404, Map.of(), "BLOB_UNKNOWN", "blob unknown"));
        assertPullFails()
                .hasMessage("Cannot pull " + name() + ": GET " + registry.url(blob(image.layerDigest(0)))
                        + " answered 404 (BLOB_UNKNOWN: blob unknown). The registry has the manifest, but not the content "
                        + image.layerDigest(0) + " that it names: the image is incomplete there. Push it again.");
    }

    @Test
    void blobIsForeign() {
        String type = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
        image.layers.get(0).put("mediaType", type);
        registry.serve(image).on(blob(image.layerDigest(0)), error(404, Map.of(), "BLOB_UNKNOWN", "blob unknown"));
        String start = "Cannot pull " + name() + ": GET " + registry.url(blob(image.layerDigest(0)))
                + " answered 404 (BLOB_UNKNOWN: blob unknown). The registry has the manifest, but not the content "
                + image.layerDigest(0)
                + " that it names. It is a layer of the kind that registries do not have to keep (" + type + ")";
        String end =
                ". Layers are fetched from where the image is and from nowhere else: push it together with them, or choose an"
                        + " image without.";
        assertPullFails().hasMessage(start + end);
        image.layers.get(0).put("urls", List.of("https://maker.example/layer?key=s3cret", "https://other.example"));
        registry.serve(image).on(blob(image.layerDigest(0)), error(404, Map.of(), "BLOB_UNKNOWN", "blob unknown"));
        assertPullFails().hasMessage(start + ", but is to be had at https://maker.example/layer" + end);
    }

    @Test
    void layerNeedsAWindowThatIsTooLarge() throws IOException {
        byte[] wide = DecompressionTest.zstd(image.tars.get(0), 27);
        assertThat(wide[5]).as("the window's logarithm less 10, by 8").isEqualTo((byte) ((27 - 10) << 3));
        wide[5] = (byte) ((28 - 10) << 3);
        image.layers.set(0, image.blob(MediaTypes.OCI_LAYER + "+zstd", wide));
        registry.serve(image);
        assertPullFails()
                .hasMessageContaining(
                        "has the right digest but does not decompress: The zstd frame needs a window of more than 128 MiB (compressed"
                                + " with --long above 27?).");
    }

    @Test
    void manifestIsNotTheOnePinned() {
        Digest pinned = Digest.of("pinned".getBytes(StandardCharsets.UTF_8));
        registry.on("/v2/app/manifests/" + pinned, ok(MediaTypes.OCI_MANIFEST, image.manifest()));
        assertThatThrownBy(() -> pull(ImageSource.of(registry.address() + "/app@" + pinned), PullPolicy.IF_MISSING))
                .hasMessageContaining(
                        "is not what its name promises: expected " + pinned + ", found " + Digest.of(image.manifest()));
    }

    @Test
    void manifestIsNotTheOneAnnounced() {
        Digest announced = Digest.of("announced".getBytes(StandardCharsets.UTF_8));
        registry.on(
                "/v2/app/manifests/1",
                status(
                        200,
                        Map.of("Content-Type", MediaTypes.OCI_MANIFEST, "Docker-Content-Digest", announced.toString()),
                        image.manifest()));
        assertPullFails().hasMessageContaining("expected " + announced + ", found " + Digest.of(image.manifest()));
    }

    @Test
    void blobIsAnother() {
        byte[] wrong = image.layerBytes(0).clone();
        wrong[wrong.length / 2] ^= 1;
        registry.serve(image).on(blob(image.layerDigest(0)), ok("application/octet-stream", wrong));
        assertPullFails()
                .hasMessage("Cannot pull " + name() + ": " + registry.url(blob(image.layerDigest(0)))
                        + " is not what its name promises: expected " + image.layerDigest(0) + ", found "
                        + Digest.of(wrong) + " in "
                        + wrong.length
                        + " bytes. It was damaged on the way or where it is kept; nothing was stored. Pull again; if it"
                        + " stays, push the image again.");
        assertThat(store.blob(image.layerDigest(0))).doesNotExist();
    }

    @Test
    void blobBreaksOff() {
        byte[] whole = image.layerBytes(0);
        registry.serve(image).on(blob(image.layerDigest(0)), exchange -> {
            exchange.sendResponseHeaders(200, whole.length);
            exchange.getResponseBody().write(whole, 0, 40);
            exchange.getResponseBody().flush();
        });
        assertPullFails()
                .hasMessageStartingWith("Cannot pull " + name() + ": " + registry.url(blob(image.layerDigest(0)))
                        + " broke off: expected " + whole.length + " bytes, found 40 (")
                .hasMessageContaining("). It was asked 6 times in ")
                .hasMessageEndingWith(
                        " ms. Pull again: what is complete is not fetched twice, and what broke off goes on where it did.");
    }

    @Test
    void blobIsShort() {
        byte[] whole = image.layerBytes(0);
        registry.serve(image)
                .on(blob(image.layerDigest(0)), ok("application/octet-stream", Arrays.copyOf(whole, whole.length - 1)));
        assertPullFails()
                .hasMessageContaining(
                        " broke off: expected " + whole.length + " bytes, found " + (whole.length - 1) + ".");
    }

    @Test
    void blobIsLong() {
        byte[] whole = image.layerBytes(0);
        registry.serve(image)
                .on(blob(image.layerDigest(0)), ok("application/octet-stream", TestImage.join(whole, new byte[9])));
        assertPullFails()
                .hasMessageContaining(
                        " is longer than the manifest says: expected " + whole.length + " bytes, found more.");
    }

    @Test
    void unknownManifestType() {
        registry.on(
                "/v2/app/manifests/1", ok("application/vnd.example.thing+json", "{}".getBytes(StandardCharsets.UTF_8)));
        assertPullFails()
                .hasMessage("The manifest of " + name()
                        + " has the unknown type 'application/vnd.example.thing+json'. Expected "
                        + MediaTypes.OCI_INDEX + ", " + MediaTypes.OCI_MANIFEST + ", " + MediaTypes.DOCKER_LIST + " or "
                        + MediaTypes.DOCKER_MANIFEST + ". It may not be a container image.");
    }

    @Test
    void schema1() {
        registry.on(
                "/v2/app/manifests/1",
                ok(
                        "application/vnd.docker.distribution.manifest.v1+prettyjws",
                        "{\"schemaVersion\":1}".getBytes(StandardCharsets.UTF_8)));
        assertPullFails()
                .hasMessage("The manifest of " + name()
                        + " is a Docker schema 1 manifest, a format that was retired in 2019 and cannot be"
                        + " verified layer by layer. Push the image again with a current tool.");
    }

    @Test
    void manifestThatContradictsItself() {
        byte[] both = TestImage.json(Map.of("manifests", List.of(), "layers", List.of(), "config", Map.of()));
        registry.on("/v2/app/manifests/1", ok(MediaTypes.OCI_INDEX, both));
        assertPullFails()
                .hasMessageContaining("is an index and an image at once; which to believe is not safe to guess.");
        registry.on("/v2/app/manifests/1", ok(MediaTypes.OCI_INDEX, image.manifest()));
        assertPullFails()
                .hasMessageContaining("was served as '" + MediaTypes.OCI_INDEX + "' but calls itself '"
                        + MediaTypes.OCI_MANIFEST + "'");
    }

    @Test
    void manifestThatIsNotJson() {
        registry.on("/v2/app/manifests/1", ok(MediaTypes.OCI_MANIFEST, "<html>".getBytes(StandardCharsets.UTF_8)));
        assertPullFails().hasMessageStartingWith("The manifest of " + name() + " cannot be read: ");
    }

    @Test
    void notAContainerImage() {
        byte[] artifact = image.manifest(MediaTypes.OCI_MANIFEST, "application/vnd.cncf.helm.config.v1+json");
        registry.on("/v2/app/manifests/1", ok(MediaTypes.OCI_MANIFEST, artifact));
        assertPullFails()
                .hasMessageContaining(
                        "is not a container image: its config is of type 'application/vnd.cncf.helm.config.v1+json'");
    }

    @Test
    void unknownLayerType() {
        image.layers.get(0).put("mediaType", MediaTypes.OCI_LAYER + "+gzip+encrypted");
        registry.serve(image);
        assertPullFails()
                .hasMessageContaining(
                        ": layers[0] has the unknown type '" + MediaTypes.OCI_LAYER + "+gzip+encrypted'.");
    }

    @Test
    void noMatchingPlatform() {
        byte[] manifest = new TestImage("arm64").manifest();
        byte[] index = TestImage.index(List.of(
                TestImage.entry(manifest, MediaTypes.OCI_MANIFEST, "s390x"),
                TestImage.entry(manifest, MediaTypes.OCI_MANIFEST, "arm64")));
        registry.on("/v2/app/manifests/1", ok(MediaTypes.OCI_INDEX, index));
        assertPullFails()
                .hasMessage("Cannot pull " + name()
                        + ": it has no image for linux/amd64. Present: linux/arm64, linux/s390x. Choose another image or tag, or build it"
                        + " for linux/amd64.");
    }

    @Test
    void imageOfAnotherPlatformWithoutIndex() {
        registry.serve(new TestImage("arm64"));
        assertPullFails().hasMessageContaining("it has no image for linux/amd64. Present: linux/arm64.");
    }

    @Test
    void layersAndDiffIdsDoNotMatch() {
        image.layers.add(image.layers.get(0));
        registry.serve(image);
        assertPullFails().hasMessageContaining("its manifest has 2 layers, but its configuration has 1 diff_ids.");
    }

    @Test
    void layerUnpacksToSomethingElse() {
        image.setDiffId(0, Digest.of(new byte[0]));
        registry.serve(image);
        assertPullFails().hasMessageContaining("expected diff_id " + Digest.of(new byte[0]));
    }

    @Test
    void layerDoesNotDecompress() {
        byte[] cut = Arrays.copyOf(TestImage.gzip(new byte[4000], 0, 4000), 20);
        image.layers.set(0, image.blob(MediaTypes.OCI_LAYER + "+gzip", cut));
        registry.serve(image);
        assertPullFails()
                .hasMessageContaining(
                        "has the right digest but does not decompress: The gzip data ends in the middle.");
    }

    @Test
    void headersDoNotCome() {
        impatient();
        CountDownLatch over = new CountDownLatch(1);
        registry.on("/v2/app/manifests/1", exchange -> awaitUninterrupted(over));
        assertPullFails()
                .hasMessage("Cannot pull " + name() + ": " + registry.address()
                        + " did not begin to answer within 300 ms (tried GET "
                        + registry.url("/v2/app/manifests/1")
                        + "). The registry is overloaded or hangs; try again, or look at its log.");
        over.countDown();
    }

    @Test
    void blobStalls() {
        impatient();
        byte[] whole = image.layerBytes(0);
        CountDownLatch over = new CountDownLatch(1);
        registry.serve(image).on(blob(image.layerDigest(0)), exchange -> {
            exchange.sendResponseHeaders(200, whole.length);
            exchange.getResponseBody().write(whole, 0, 40);
            exchange.getResponseBody().flush();
            awaitUninterrupted(over);
        });
        assertPullFails().hasMessageContaining("found 40 (nothing arrived for 300 ms). It was asked 6 times in ");
        over.countDown();
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
