package dev.supermachine.oci;

import static dev.supermachine.oci.FakeRegistry.blob;
import static dev.supermachine.oci.FakeRegistry.error;
import static dev.supermachine.oci.FakeRegistry.ok;
import static dev.supermachine.oci.FakeRegistry.redirect;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.oci.FakeRegistry.Answer;
import dev.supermachine.oci.FakeRegistry.Request;
import dev.supermachine.oci.TestImage.Form;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Who is told the credentials, and who never is. */
class RegistryAuthTest extends RegistryTest {

    private final TestImage image = TestImage.of(Form.GZIP, Form.ZSTD);

    @Test
    void fetchesATokenAnonymously() throws IOException {
        FakeRegistry tokens = another();
        tokens.on("/token", ok("application/json", TestImage.json(Map.of("token", "T1"))));
        registry.serve(image);
        wantBearer(tokens, "T1");

        LocalImagesTest.assertLayers(pull(), image);

        assertThat(tokens.requests())
                .containsExactly(
                        new Request("GET", "/token", "service=reg&scope=repository%3Aapp%3Apull", List.of(), "", ""));
        List<String> sent = registry.requests().stream()
                .flatMap(request -> request.authorization().stream())
                .distinct()
                .collect(Collectors.toList());
        assertThat(sent).containsExactly("Bearer T1");
    }

    @Test
    void sendsTheCredentialsToTheTokenServer() throws IOException {
        login("u:p:w");
        FakeRegistry tokens = another();
        tokens.on("/token", ok("application/json", TestImage.json(Map.of("access_token", "T2"))));
        registry.serve(image);
        wantBearer(tokens, "T2");

        LocalImagesTest.assertLayers(pull(), image);

        assertThat(tokens.requests()).extracting(Request::authorization).containsExactly(List.of(basic("u:p:w")));
        assertThat(registry.requests()).extracting(Request::authorization).doesNotContain(List.of(basic("u:p:w")));
    }

    @Test
    void getsANewTokenWhenOneExpires() throws IOException {
        AtomicInteger issued = new AtomicInteger();
        FakeRegistry tokens = another();
        tokens.on(
                "/token",
                exchange -> ok("application/json", TestImage.json(Map.of("token", "T" + issued.incrementAndGet())))
                        .send(exchange));
        registry.serve(image);
        // T1 is good for the manifest only.
        registry.guard(answer -> exchange -> {
            String wanted = exchange.getRequestURI().getPath().contains("/manifests/") ? "Bearer T1" : "Bearer T2";
            Answer refusal = error(401, Map.of("WWW-Authenticate", challenge(tokens)), "UNAUTHORIZED", "expired");
            boolean good = wanted.equals(exchange.getRequestHeaders().getFirst("Authorization"));
            (good ? answer : refusal).send(exchange);
        });

        LocalImagesTest.assertLayers(pull(), image);

        assertThat(issued).hasValue(2);
    }

    @Test
    void usesBasicCredentials() throws IOException {
        login("u:p");
        registry.serve(image);
        registry.guard(answer -> exchange -> {
            boolean good = basic("u:p").equals(exchange.getRequestHeaders().getFirst("Authorization"));
            Answer refusal = error(401, Map.of("WWW-Authenticate", "Basic realm=\"r\""), "UNAUTHORIZED", "no");
            (good ? answer : refusal).send(exchange);
        });
        LocalImagesTest.assertLayers(pull(), image);
    }

    @Test
    void saysWhoseCredentialsAreRefused() throws IOException {
        login("u:secret");
        registry.guard(answer -> error(401, Map.of("WWW-Authenticate", "Basic realm=\"r\""), "UNAUTHORIZED", "no"));
        assertThatThrownBy(() -> pull())
                .hasMessage("Cannot pull " + name() + ": GET " + registry.url("/v2/app/manifests/1")
                        + " answered 401 (UNAUTHORIZED: no). The registry does not accept the credentials of user 'u' from "
                        + temp.resolve("config.json") + " for the repository 'app'. Run docker login "
                        + registry.address()
                        + " again, and check the user's rights.");
        assertThat(registry.requests()).hasSize(2);
    }

    @Test
    void aRedirectLeaksNothing() throws IOException {
        login("u:p");
        FakeRegistry storage = another();
        registry.serve(image);
        image.blobs.forEach((digest, bytes) -> {
            storage.on("/store/" + digest.hex(), ok("application/octet-stream", bytes));
            registry.on(blob(digest), redirect(storage.url("/store/" + digest.hex() + "?signature=s3cret")));
        });
        registry.guard(answer -> exchange -> {
            boolean good = basic("u:p").equals(exchange.getRequestHeaders().getFirst("Authorization"));
            Answer refusal = error(401, Map.of("WWW-Authenticate", "Basic realm=\"r\""), "UNAUTHORIZED", "no");
            (good ? answer : refusal).send(exchange);
        });

        LocalImagesTest.assertLayers(pull(), image);

        assertThat(storage.requests()).hasSize(3).allSatisfy(request -> {
            assertThat(request.authorization()).isEmpty();
            assertThat(request.query()).isEqualTo("signature=s3cret");
        });
    }

    @Test
    void theQueryOfARedirectStaysOutOfMessages() {
        FakeRegistry storage = another();
        registry.serve(image).on(blob(image.layerDigest(0)), redirect(storage.url("/gone?signature=s3cret")));
        assertThatThrownBy(() -> pull())
                .hasMessageContaining("GET " + storage.url("/gone") + " answered 404")
                .hasMessageNotContaining("s3cret");
    }

    @Test
    void keepsTheCredentialsOnARedirectWithinTheRegistry() throws IOException {
        login("u:p");
        registry.serve(image);
        Digest layer = image.layerDigest(0);
        registry.on("/v2/moved", ok("application/octet-stream", image.layerBytes(0)));
        registry.on(blob(layer), redirect("/v2/moved"));
        registry.guard(answer -> exchange -> {
            boolean good = basic("u:p").equals(exchange.getRequestHeaders().getFirst("Authorization"));
            Answer refusal = error(401, Map.of("WWW-Authenticate", "Basic realm=\"r\""), "UNAUTHORIZED", "no");
            (good ? answer : refusal).send(exchange);
        });
        LocalImagesTest.assertLayers(pull(), image);
    }

    @Test
    void refusesRedirectsToNowhereAndToPlainHttpElsewhere() {
        String start =
                "Cannot pull " + name() + ": GET " + registry.url("/v2/app/manifests/1") + " cannot be followed: ";
        registry.on("/v2/app/manifests/1", redirect("/v2/app/manifests/1"));
        assertThatThrownBy(() -> pull())
                .hasMessage(start + "it was redirected more than 8 times. The registry is set up wrongly.");
        registry.on("/v2/app/manifests/1", redirect("http://registry.example/x?token=s3cret"));
        assertThatThrownBy(() -> pull())
                .hasMessage(start
                        + "it was redirected to http://registry.example/x, but only https is followed, and plain http from this"
                        + " machine to itself. The registry is set up wrongly.");
        registry.on("/v2/app/manifests/1", redirect("ht tp://"));
        assertThatThrownBy(() -> pull())
                .hasMessage(
                        start + "it was redirected to 'ht tp://', which is not a URL. The registry is set up wrongly.");
    }

    @Test
    void sendsNoCredentialsToATokenServerInTheClear() throws IOException {
        login("u:p");
        registry.guard(answer -> error(
                401, Map.of("WWW-Authenticate", "Bearer realm=\"http://tokens.example/t\""), "UNAUTHORIZED", "no"));
        assertThatThrownBy(() -> pull())
                .hasMessage("Cannot pull " + name()
                        + ": the registry names the token server http://tokens.example/t, but credentials and"
                        + " tokens are sent over https only, or over plain http from this machine to itself. The registry is set up"
                        + " wrongly.");
    }

    @Test
    void saysWhatIsWrongWithTheTokenServer() {
        FakeRegistry tokens = another();
        wantBearer(tokens, "T");
        tokens.on("/token", ok("application/json", TestImage.json(Map.of("token", List.of("a secret")))));
        assertThatThrownBy(() -> pull())
                .hasMessage(
                        "Cannot pull " + name() + ": the token server's answer to GET " + tokens.url("/token")
                                + " cannot be read: expected a JSON object with a string token or access_token. The registry is set up wrongly.");
        tokens.on("/token", error(403, Map.of(), "DENIED", "denied"));
        assertThatThrownBy(() -> pull())
                .hasMessageContaining("GET " + tokens.url("/token")
                        + " answered 403 (DENIED: denied). The registry wants credentials");
    }

    @Test
    void aTokenThatNoHeaderCanHoldIsRefusedAndNotShown() {
        FakeRegistry tokens = another();
        registry.serve(image);
        wantBearer(tokens, "T");
        for (String token : List.of("s3cret\n", "s3cret\r\nX: y", "s3cret\0", "s3cret\u00e9", "s3cret\u2028")) {
            for (String name : List.of("token", "access_token")) {
                tokens.on("/token", ok("application/json", TestImage.json(Map.of(name, token))));
                assertThatThrownBy(() -> pull())
                        .isInstanceOf(ImageException.class)
                        .hasMessage("Cannot pull " + name() + ": the token in the token server's answer to GET "
                                + tokens.url("/token") + " cannot be sent: among its " + token.length()
                                + " characters are some that cannot be in a header, such as line feeds; expected printable ASCII."
                                + " The registry is set up wrongly.")
                        .hasNoCause();
            }
        }
    }

    @Test
    void whateverIsInAPasswordReachesTheRegistry() throws IOException {
        login("u\u00e9:p\r\nX: y\0");
        registry.serve(image);
        registry.guard(answer -> exchange -> {
            boolean good = basic("u\u00e9:p\r\nX: y\0")
                    .equals(exchange.getRequestHeaders().getFirst("Authorization"));
            Answer refusal = error(401, Map.of("WWW-Authenticate", "Basic realm=\"r\""), "UNAUTHORIZED", "no");
            (good ? answer : refusal).send(exchange);
        });
        LocalImagesTest.assertLayers(pull(), image);
    }

    @Test
    void plainHttpIsForThisMachineOnly() {
        assertThat(List.of(
                        RegistryEndpoint.base("localhost:5000"),
                        RegistryEndpoint.base("127.9.9.9"),
                        RegistryEndpoint.base("[::1]:5000"),
                        RegistryEndpoint.base("docker.io"),
                        RegistryEndpoint.base("localhost.example"),
                        RegistryEndpoint.base("127.0.0.1.example:80")))
                .extracting(URI::toString)
                .containsExactly(
                        "http://localhost:5000",
                        "http://127.9.9.9",
                        "http://[::1]:5000",
                        "https://registry-1.docker.io",
                        "https://localhost.example",
                        "https://127.0.0.1.example:80");
    }

    @Test
    void readsChallenges() {
        assertThat(AuthChallenge.parse(List.of(
                        "Negotiate, Basic realm=\"a, \\\"b\\\"\", Bearer realm=\"https://t/x\",service=reg , scope=\"a b\"",
                        "==,\"")))
                .containsExactly(
                        new AuthChallenge("negotiate", Map.of()),
                        new AuthChallenge("basic", Map.of("realm", "a, \"b\"")),
                        new AuthChallenge("bearer", Map.of("realm", "https://t/x", "service", "reg", "scope", "a b")));
    }

    private void wantBearer(FakeRegistry tokens, String token) {
        registry.guard(answer -> exchange -> {
            boolean good =
                    ("Bearer " + token).equals(exchange.getRequestHeaders().getFirst("Authorization"));
            Answer refusal = error(401, Map.of("WWW-Authenticate", challenge(tokens)), "UNAUTHORIZED", "no");
            (good ? answer : refusal).send(exchange);
        });
    }

    private static String challenge(FakeRegistry tokens) {
        return "Bearer realm=\"" + tokens.url("/token") + "\",service=\"reg\",scope=\"repository:app:pull\"";
    }

    private void login(String userAndPassword) throws IOException {
        String auth = basic(userAndPassword).substring("Basic ".length());
        Files.write(
                temp.resolve("config.json"),
                TestImage.json(
                        Map.of("auths", Map.of("https://" + registry.address() + "/v1/", Map.of("auth", auth)))));
    }

    private static String basic(String userAndPassword) {
        return "Basic " + Base64.getEncoder().encodeToString(userAndPassword.getBytes(StandardCharsets.UTF_8));
    }
}
