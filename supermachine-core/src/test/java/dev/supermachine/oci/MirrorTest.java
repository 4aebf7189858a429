package dev.supermachine.oci;

import static dev.supermachine.oci.FakeRegistry.error;
import static dev.supermachine.oci.FakeRegistry.inTurn;
import static dev.supermachine.oci.FakeRegistry.ok;
import static dev.supermachine.oci.FakeRegistry.ranged;
import static dev.supermachine.oci.FakeRegistry.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.PullPolicy;
import dev.supermachine.oci.FakeRegistry.Answer;
import dev.supermachine.oci.FakeRegistry.Request;
import dev.supermachine.oci.TestImage.Form;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who is asked for what, and who is told which credentials, when a registry has mirrors. */
class MirrorTest extends RegistryTest {

    private static final Answer NO = error(401, Map.of("WWW-Authenticate", "Basic realm=\"r\""), "UNAUTHORIZED", "no");

    private final TestImage image = TestImage.of(Form.GZIP, Form.ZSTD);
    private final FakeRegistry mirror = another();

    @BeforeEach
    void configure() {
        mirrors(mirror.address() + "/proxy");
    }

    @Test
    void aMirrorThatHasEverythingIsAskedForEverything() throws IOException {
        mirror.serve(image, "proxy/app");
        PulledImage pulled = pull();
        LocalImagesTest.assertLayers(pulled, image);
        assertThat(pulled.reference()).isEqualTo(name());
        assertThat(registry.requests()).isEmpty();
        assertThat(mirror.requests()).hasSize(4);
    }

    @Test
    void aMirrorStandsInForARegistryFarAway() throws IOException {
        mirror.serve(image, "library/app");
        settings = settings.withMirrors(Map.of("docker.io", List.of(mirror.address())));
        LocalImagesTest.assertLayers(pull(ImageSource.of("app:1"), PullPolicy.IF_MISSING), image);
    }

    @Test
    void dockersRegistryHasSeveralNames() throws IOException {
        mirror.serve(image, "library/app");
        FakeRegistry first = another();
        for (String name : List.of("index.docker.io", "registry-1.docker.io", "Docker.io")) {
            settings = settings.withMirrors(Map.of(name, List.of(mirror.address())));
            for (String reference : List.of("app:1", "index.docker.io/app:1")) {
                mirror.requests().clear();
                LocalImagesTest.assertLayers(pull(ImageSource.of(reference), PullPolicy.ALWAYS), image);
                assertThat(mirror.requests()).as("%s by %s", reference, name).isNotEmpty();
            }
        }
        Map<String, List<String>> both = new LinkedHashMap<>();
        both.put("index.docker.io", List.of(first.address()));
        both.put("docker.io", List.of(mirror.address()));
        settings = settings.withMirrors(both);
        mirror.requests().clear();
        LocalImagesTest.assertLayers(pull(ImageSource.of("app:1"), PullPolicy.ALWAYS), image);
        assertThat(first.requests()).as("in their order").isNotEmpty();
        assertThat(mirror.requests()).isNotEmpty();
    }

    @Test
    void theRegistryIsAskedForWhatAMirrorDoesNotHaveOrCannotSend() throws IOException {
        registry.serve(image);
        for (int code : new int[] {404, 429, 500, 503}) {
            mirror.serve(image, "proxy/app");
            mirror.on("/v2/proxy/app/blobs/" + image.layerDigest(1), status(code, Map.of(), new byte[0]));
            registry.requests().clear();
            mirror.requests().clear();

            LocalImagesTest.assertLayers(pull(registry.source(), PullPolicy.ALWAYS), image);

            assertThat(registry.requests())
                    .extracting(Request::path)
                    .containsExactly(FakeRegistry.blob(image.layerDigest(1)));
            assertThat(mirror.requests()).as("asked once for each").hasSize(4);
            for (Digest digest : image.blobs.keySet()) {
                store.discard(digest);
            }
        }
    }

    @Test
    void aMirrorThatIsNotThereIsPassedOver() throws IOException {
        String gone = closedPort();
        mirrors(gone, mirror.address() + "/proxy");
        registry.serve(image);
        LocalImagesTest.assertLayers(pull(), image);
        assertThat(registry.requests()).hasSize(4);
        assertThat(mirror.requests()).hasSize(4);
    }

    @Test
    void whenNobodyHasItAllAreNamed() throws IOException {
        String gone = closedPort();
        mirrors(gone, mirror.address() + "/proxy");
        assertThatThrownBy(() -> pull())
                .isInstanceOf(ImageException.class)
                .hasMessage("Cannot pull " + name() + ": GET " + registry.url("/v2/app/manifests/1")
                        + " answered 404 (MANIFEST_UNKNOWN: manifest unknown). " + registry.address()
                        + " has no tag '1' in the repository 'app', or no such repository. Check the spelling, and that the image was"
                        + " pushed there. No mirror had it either: nothing accepts connections at " + gone
                        + " (tried GET http://" + gone + "/v2/app/manifests/1: connection refused). GET "
                        + mirror.url("/v2/proxy/app/manifests/1")
                        + " answered 404 (MANIFEST_UNKNOWN: manifest unknown).");
    }

    @Test
    void aMirrorIsNotBelieved() {
        byte[] wrong = image.layerBytes(0).clone();
        wrong[wrong.length / 2] ^= 1;
        registry.serve(image);
        mirror.serve(image, "proxy/app")
                .on("/v2/proxy/app/blobs/" + image.layerDigest(0), ok("application/octet-stream", wrong));
        assertThatThrownBy(() -> pull())
                .hasMessageStartingWith("Cannot pull " + name() + ": "
                        + mirror.url("/v2/proxy/app/blobs/" + image.layerDigest(0))
                        + " is not what its name promises: expected " + image.layerDigest(0) + ", found ");

        Digest pinned = Digest.of("pinned".getBytes(StandardCharsets.UTF_8));
        mirror.on("/v2/proxy/app/manifests/" + pinned, ok(MediaTypes.OCI_MANIFEST, image.manifest()));
        assertThatThrownBy(() -> pull(ImageSource.of(registry.address() + "/app@" + pinned), PullPolicy.IF_MISSING))
                .hasMessageContaining(mirror.url("/v2/proxy/app/manifests/" + pinned)
                        + " is not what its name promises: expected " + pinned);
        StoreContent.assertNothingUnverified(store.root(), image);
    }

    @Test
    void aLayerThatBreaksOffGoesOnAtTheNextServer() throws IOException {
        byte[] whole = image.layerBytes(0);
        registry.serve(image).on(FakeRegistry.blob(image.layerDigest(0)), ranged(whole, 50));
        mirror.serve(image, "proxy/app")
                .on(
                        "/v2/proxy/app/blobs/" + image.layerDigest(0),
                        inTurn(ranged(whole, 40), ranged(whole, whole.length)));
        LocalImagesTest.assertLayers(pull(), image);
        assertThat(registry.requests()).extracting(Request::range).containsExactly("bytes=40-");
        assertThat(mirror.requests()).extracting(Request::range).contains("bytes=90-");
    }

    @Test
    void eachIsToldItsOwnCredentialsOnly() throws IOException {
        login(mirror.address(), "m:1", registry.address(), "r:2");
        mirror.serve(image, "proxy/app")
                .on("/v2/proxy/app/blobs/" + image.layerDigest(0), status(404, Map.of(), new byte[0]));
        registry.serve(image);
        guard(mirror, "m:1");
        guard(registry, "r:2");

        LocalImagesTest.assertLayers(pull(), image);

        assertThat(mirror.requests()).flatExtracting(Request::authorization).containsOnly(basic("m:1"));
        assertThat(registry.requests()).flatExtracting(Request::authorization).containsOnly(basic("r:2"));
    }

    @Test
    void aMirrorThatRefusesIsAnError() throws IOException {
        login(registry.address(), "r:2", "elsewhere", "e:3");
        registry.serve(image);
        guard(mirror, "m:1");
        assertThatThrownBy(() -> pull())
                .hasMessageContaining("GET " + mirror.url("/v2/proxy/app/manifests/1")
                        + " answered 401 (UNAUTHORIZED: no). The registry wants credentials for the repository 'proxy/app', and there"
                        + " are none for " + mirror.address());
        assertThat(registry.requests()).isEmpty();
    }

    @Test
    void saysWhatAMirrorLooksLike() {
        for (String wrong : List.of("mirror/proxy", "m.example/Proxy", "m.example/")) {
            mirrors(wrong);
            assertThatThrownBy(() -> pull())
                    .hasMessageStartingWith("The mirror '" + wrong + "' for " + registry.address()
                            + " (supermachine.registry.mirrors) should be a host, a port if need be, and a path if need be, such as"
                            + " mirror.example:5000/proxy, but is not: ");
        }
    }

    private void mirrors(String... addresses) {
        settings = settings.withMirrors(Map.of(registry.address(), Arrays.asList(addresses)));
    }

    private static String closedPort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return "127.0.0.1:" + socket.getLocalPort();
        }
    }

    private static void guard(FakeRegistry guarded, String login) {
        guarded.guard(answer -> exchange -> {
            boolean good = basic(login).equals(exchange.getRequestHeaders().getFirst("Authorization"));
            (good ? answer : NO).send(exchange);
        });
    }

    private void login(String host, String login, String otherHost, String otherLogin) throws IOException {
        Files.write(
                temp.resolve("config.json"),
                TestImage.json(Map.of(
                        "auths",
                        Map.of(
                                host,
                                Map.of("auth", basic(login).substring(6)),
                                otherHost,
                                Map.of("auth", basic(otherLogin).substring(6))))));
    }

    private static String basic(String login) {
        return "Basic " + Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8));
    }
}
