package dev.supermachine.oci;

import static dev.supermachine.oci.FakeRegistry.blob;
import static dev.supermachine.oci.FakeRegistry.broken;
import static dev.supermachine.oci.FakeRegistry.error;
import static dev.supermachine.oci.FakeRegistry.inTurn;
import static dev.supermachine.oci.FakeRegistry.ok;
import static dev.supermachine.oci.FakeRegistry.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.oci.FakeRegistry.Answer;
import dev.supermachine.oci.FakeRegistry.Request;
import dev.supermachine.oci.TestImage.Form;
import java.io.IOException;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Registries that are busy or in trouble, for a moment or for good. */
class RegistryRetryTest extends RegistryTest {

    private static final Answer BUSY = error(429, Map.of("Retry-After", "0"), "TOOMANYREQUESTS", "slow down");
    private static final Answer TROUBLE = status(503, Map.of("Retry-After", "nonsense"), new byte[0]);

    private final TestImage image = TestImage.of(Form.GZIP);

    @Test
    void trialAndErrorEndsWell() throws IOException {
        byte[] manifest = image.manifest();
        FakeRegistry tokens = another();
        tokens.on("/token", inTurn(TROUBLE, BUSY, ok("application/json", TestImage.json(Map.of("token", "T")))));
        registry.serve(image)
                .on(
                        "/v2/app/manifests/1",
                        inTurn(
                                BUSY,
                                exchange -> {}, // the connection is closed instead of an answer
                                broken(manifest, manifest.length / 2),
                                status(500, Map.of(), new byte[0]),
                                ok(MediaTypes.OCI_MANIFEST, manifest)))
                .on(
                        blob(image.layerDigest(0)),
                        inTurn(TROUBLE, TROUBLE, ok("application/octet-stream", image.layerBytes(0))))
                .on(
                        blob(Digest.of(image.configBytes())),
                        inTurn(broken(image.configBytes(), 9), ok("application/json", image.configBytes())));
        registry.guard(answer -> exchange -> {
            boolean good = "Bearer T".equals(exchange.getRequestHeaders().getFirst("Authorization"));
            String challenge = "Bearer realm=\"" + tokens.url("/token") + "\"";
            (good ? answer : error(401, Map.of("WWW-Authenticate", challenge), "UNAUTHORIZED", "no")).send(exchange);
        });

        LocalImagesTest.assertLayers(pull(), image);

        assertThat(tokens.requests()).hasSize(3);
        assertThat(registry.requests())
                .extracting(Request::path)
                .filteredOn(path -> path.equals(blob(image.layerDigest(0))))
                .hasSize(3);
    }

    @Test
    void aRegistryThatStaysBusyIsNamedWithHowOftenItWasAsked() {
        registry.serve(image).on(blob(image.layerDigest(0)), BUSY);
        assertThatThrownBy(() -> pull())
                .isInstanceOf(ImageException.class)
                .hasMessageStartingWith("Cannot pull " + name() + ": GET " + registry.url(blob(image.layerDigest(0)))
                        + " answered 429 (TOOMANYREQUESTS: slow down), expected 200. It was asked 6 times in ")
                .hasMessageEndingWith(
                        " ms. The registry limits how often it is asked. Try again later, log in (docker login "
                                + registry.address() + "), or use a mirror (supermachine.registry.mirrors).");
        assertThat(registry.requests())
                .extracting(Request::path)
                .filteredOn(path -> path.equals(blob(image.layerDigest(0))))
                .hasSize(6);
    }

    @Test
    void aRegistryThatWantsALongRestIsNotWaitedFor() {
        String tomorrow = DateTimeFormatter.RFC_1123_DATE_TIME.format(
                ZonedDateTime.now(ZoneOffset.UTC).plus(Duration.ofDays(1)));
        for (String wanted : List.of("3600", tomorrow)) {
            registry.requests().clear();
            registry.on("/v2/app/manifests/1", error(429, Map.of("Retry-After", wanted), "TOOMANYREQUESTS", "no"));
            assertThatThrownBy(() -> pull())
                    .hasMessageContaining(
                            " answered 429 (TOOMANYREQUESTS: no), expected 200. It wants not to be asked again for ")
                    .hasMessageContaining(
                            " s, and a pull waits for 5 s at most. The registry limits how often it is asked.");
            assertThat(registry.requests()).hasSize(1);
        }
    }

    @Test
    void aConnectionThatIsClosedEachTimeIsNamed() {
        registry.on("/v2/app/manifests/1", exchange -> {});
        assertThatThrownBy(() -> pull())
                .hasMessageStartingWith("Cannot pull " + name() + ": the connection to " + registry.address()
                        + " failed (tried GET " + registry.url("/v2/app/manifests/1") + ": ")
                .hasMessageContaining("). It was asked 6 times in ")
                .hasMessageEndingWith(
                        " ms. Try again; if it stays, look at the registry's log and at proxies in between.");
    }

    @Test
    void aDocumentThatBreaksOffEachTimeIsNamed() {
        byte[] manifest = image.manifest();
        registry.on("/v2/app/manifests/1", broken(manifest, 20));
        assertThatThrownBy(() -> pull())
                .hasMessageStartingWith(
                        "Cannot pull " + name() + ": " + registry.url("/v2/app/manifests/1") + " broke off: ")
                .hasMessageContaining(". It was asked 6 times in ")
                .hasMessageEndingWith(" ms. Nothing was stored. Pull again.");
    }

    @Test
    void whatWillNotChangeIsNotAskedTwice() {
        for (int code : new int[] {400, 404, 403, 418}) {
            registry.requests().clear();
            registry.on("/v2/app/manifests/1", status(code, Map.of("Retry-After", "0"), new byte[0]));
            assertThatThrownBy(() -> pull()).hasMessageContaining(" answered " + code);
            assertThat(registry.requests()).hasSize(1);
        }
    }
}
